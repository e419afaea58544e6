import '../../base/reflect-metadata.ts';
import { X509Certificate } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { CsrError, type CsrSigner, openCsrSigner } from './csr.ts';
import { issueAuthority, newKeyPem } from './issue.ts';

const NOW = Date.UTC(2026, 5, 1);
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };

async function request(algorithm: typeof ECDSA | typeof RSA = ECDSA): Promise<string> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as {
    publicKey: import('node:crypto').webcrypto.CryptoKey;
    privateKey: import('node:crypto').webcrypto.CryptoKey;
  };
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['system:nodes'] }, { CN: ['system:node:box'] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: 'box' },
        { type: 'ip', value: '192.0.2.7' },
      ]),
    ],
  });
  return csr.toString('pem');
}

describe('the CSR signer', () => {
  let caPem: string;
  let signer: CsrSigner;
  beforeAll(async () => {
    const authority = await issueAuthority('test-ca', await newKeyPem(), NOW);
    caPem = authority.certPem;
    signer = openCsrSigner({ authority, now: () => NOW });
  });

  it('describes what a request asks for', async () => {
    expect(await signer.describeCsr(await request())).toEqual({
      commonName: 'system:node:box',
      organizations: ['system:nodes'],
      dnsNames: ['box'],
      ipAddresses: ['192.0.2.7'],
      emailAddresses: [],
      uris: [],
      signatureValid: true,
    });
  });

  it.each([ECDSA, RSA])('signs a request over a $name key for the usages and the time that it is told', async (algorithm) => {
    const pem = await signer.signCsr(await request(algorithm), { usages: ['digital signature', 'client auth'], expirationSeconds: 3600 });
    const certificate = new X509Certificate(pem);
    expect(certificate.verify(new X509Certificate(caPem).publicKey)).toBe(true);
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:box');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.validToDate.getTime()).toBe(NOW + 3_600_000);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7');
  });

  const MINUTE_MS = 60_000;
  const HOUR_MS = 60 * MINUTE_MS;
  it.each([
    ['at least ten minutes', 60, 10 * MINUTE_MS],
    ['to the second when it is short', 7 * 3600, 7 * HOUR_MS],
    ['less what it was backdated when it is not', 8 * 3600, 8 * HOUR_MS - 5 * MINUTE_MS],
    ['a year when nothing is asked', undefined, 365 * 24 * HOUR_MS - 5 * MINUTE_MS],
    ['a year at most', 400 * 86_400, 365 * 24 * HOUR_MS - 5 * MINUTE_MS],
  ])('lets a certificate begin five minutes ago and live %s', async (_, expirationSeconds, endsAfterMs) => {
    const pem = await signer.signCsr(await request(), { usages: ['client auth'], expirationSeconds });
    const { validFromDate, validToDate } = new X509Certificate(pem);
    expect(NOW - validFromDate.getTime()).toBe(5 * MINUTE_MS);
    expect(validToDate.getTime() - NOW).toBe(endsAfterMs);
  });

  it('reads over what stands before a request', async () => {
    const pem = `Certificate Request:\n    Data:\n        Version: 1 (0x0)\n\n${await request()}`;
    expect(await signer.describeCsr(pem)).toMatchObject({ commonName: 'system:node:box', signatureValid: true });
    expect(new X509Certificate(await signer.signCsr(pem, { usages: ['client auth'] })).subject).toContain('CN=system:node:box');
  });

  it('lets no certificate live longer than the CA', async () => {
    const authority = await issueAuthority('test-ca', await newKeyPem(), NOW);
    const caEndsMs = new X509Certificate(authority.certPem).validToDate.getTime();
    const late = openCsrSigner({ authority, now: () => caEndsMs - HOUR_MS });
    expect(new X509Certificate(await late.signCsr(await request(), { usages: ['client auth'] })).validToDate.getTime()).toBe(caEndsMs);
  });

  it('sees when a request was altered after it was signed, and does not sign it', async () => {
    const der = Buffer.from((await request()).replace(/-----[^-]+-----|\s/g, ''), 'base64');
    der[der.indexOf('system:node:box') + 14] = 'y'.charCodeAt(0);
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    expect((await signer.describeCsr(pem)).signatureValid).toBe(false);
    await expect(signer.signCsr(pem, { usages: ['client auth'] })).rejects.toThrow(CsrError);
  });

  it('refuses usages that Kubernetes does not know', async () => {
    await expect(signer.signCsr(await request(), { usages: ['world domination'] })).rejects.toThrow(/unrecognized key usage/);
  });

  it('answers hostile bytes with a CsrError and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
        await signer.describeCsr(pem).then(
          (description) => expect(description.signatureValid).toBe(false),
          (error) => expect(error).toBeInstanceOf(CsrError),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('never signs other names than the ones that the key holder signed, whatever bits are flipped', async () => {
    const der = Buffer.from((await request()).replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const names = { subject: 'O=system:nodes\nCN=system:node:box', subjectAltName: 'DNS:box, IP Address:192.0.2.7' };
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(der);
        changed[at] = (changed[at] ?? 0) ^ mask;
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
        await signer.signCsr(pem, { usages: ['client auth'] }).then(
          (signed) => {
            // The flip hit encoding that carries no meaning.
            const { subject, subjectAltName } = new X509Certificate(signed);
            expect({ subject, subjectAltName }).toEqual(names);
          },
          (error) => expect(error).toBeInstanceOf(CsrError),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what is too large before it parses it', async () => {
    await expect(signer.describeCsr(`-----BEGIN CERTIFICATE REQUEST-----\n${'A'.repeat(70_000)}`)).rejects.toThrow(/larger/);
  });
});
