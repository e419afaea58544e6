import '../../base/reflect-metadata.ts';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Certified } from './fake-https-server.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
export const [NOT_BEFORE, NOT_AFTER] = [new Date('2020-01-01T00:00:00Z'), new Date('2120-01-01T00:00:00Z')];

export interface NamesakeOptions {
  readonly sans?: readonly string[];
  readonly name?: string;
  readonly caName?: string;
  readonly isCa?: boolean;
  readonly caExtensions?: readonly x509.Extension[];
  readonly leafExtensions?: readonly x509.Extension[];
}

/** For tests: certificates as webhooks of knative.dev/pkg make them for themselves. CA and server have one name, and nothing says which key signed. */
export async function certifyNamesake(options: NamesakeOptions = {}): Promise<Certified> {
  const { sans = ['127.0.0.1'], name = 'CN=hook', caName = name, isCa = true, caExtensions = [], leafExtensions = [] } = options;
  const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const [caKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  const common = { notBefore: NOT_BEFORE, notAfter: NOT_AFTER, signingAlgorithm: ALGORITHM };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: '01',
    name: caName,
    keys: caKeys,
    extensions: [new x509.BasicConstraintsExtension(isCa, undefined, true), ...caExtensions],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: '02',
    subject: name,
    issuer: caName,
    signingKey: caKeys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension(sans.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value }))),
      ...leafExtensions,
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return { caPem: ca.toString('pem'), certPem: leaf.toString('pem'), keyPem };
}
