import '../../base/reflect-metadata.ts';
import { X509Certificate } from 'node:crypto';
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, Extension, KeyUsageFlags, KeyUsagesExtension } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { certifyNamesake, type NamesakeOptions, NOT_AFTER, NOT_BEFORE } from './fake-namesake.ts';
import { isIssuedByNamesake } from './namesake-issuer.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

async function judge(options: NamesakeOptions, nowMs = NOW_MS): Promise<boolean> {
  const { caPem, certPem } = await certifyNamesake(options);
  return isIssuedByNamesake(new X509Certificate(certPem), [caPem], nowMs);
}
const forServers = new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]);
const forClients = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);

describe('a certificate that is issued to the name of its issuer', () => {
  it('is vouched for by the CA that signed it', async () => {
    expect(await judge({})).toBe(true);
    expect(await judge({ caExtensions: [new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)] })).toBe(true);
    expect(await judge({ leafExtensions: [forServers], caExtensions: [forServers] })).toBe(true);
  });

  it('is not vouched for by another CA of that name, whatever else is in the bundle', async () => {
    const [mine, other] = await Promise.all([certifyNamesake(), certifyNamesake()]);
    const leaf = new X509Certificate(mine.certPem);
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(isIssuedByNamesake(leaf, [other.caPem], NOW_MS)).toBe(false);
    expect(isIssuedByNamesake(leaf, [], NOW_MS)).toBe(false);
    expect(isIssuedByNamesake(leaf, [`${other.caPem}\n${broken}# ours\n${mine.caPem}\n`], NOW_MS)).toBe(true);
  });

  it.each<[string, NamesakeOptions]>([
    ['is no CA', { isCa: false }],
    ['may not sign certificates', { caExtensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)] }],
    ['is for clients', { caExtensions: [forClients] }],
    [
      'may vouch for some names only',
      { caExtensions: [new Extension('2.5.29.30', true, Buffer.from('300da00b300982076578616d706c65', 'hex'))] },
    ],
  ])('is not vouched for by one that %s', async (_, options) => {
    expect(await judge(options)).toBe(false);
  });

  it('is of no use to a server when it is for clients, or out of its time', async () => {
    expect(await judge({ leafExtensions: [forClients] })).toBe(false);
    expect(await judge({}, NOT_BEFORE.getTime() - 1)).toBe(false);
    expect(await judge({}, NOT_AFTER.getTime() + 1)).toBe(false);
  });

  it('is all that is looked at: other names are left to OpenSSL', async () => {
    expect(await judge({ caName: 'CN=another' })).toBe(false);
  });
});
