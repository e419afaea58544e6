import '../../base/reflect-metadata.ts';
import { isIP } from 'node:net';
import { type JsonGeneralName, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface RequestWish {
  readonly commonName: string;
  readonly organization: string;
  /** Host names and addresses. */
  readonly names: readonly string[];
}

const pem = (label: string, der: ArrayBuffer) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trimEnd()}\n-----END ${label}-----\n`;

/** A new P-256 key and a PKCS#10 request for it, both PEM. The key never leaves the machine. */
export async function createRequest({ commonName, organization, names }: RequestWish): Promise<{ keyPem: string; requestPem: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const alternatives = names.map((value): JsonGeneralName => ({ type: isIP(value) ? 'ip' : 'dns', value }));
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [organization] }, { CN: [commonName] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: alternatives.length > 0 ? [new SubjectAlternativeNameExtension(alternatives)] : [],
  });
  return {
    keyPem: pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', keys.privateKey)),
    requestPem: request.toString('pem'),
  };
}
