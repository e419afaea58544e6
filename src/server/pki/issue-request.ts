/** The part of CSR handling that needs @peculiar/x509; csr.ts imports it on the first request. */
import '../../base/reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from './certificate.ts';
import { type CsrDescription, CsrError } from './csr-description.ts';
import { signLeaf } from './issue.ts';

export const parseRequest = (pem: string): x509.Pkcs10CertificateRequest => new x509.Pkcs10CertificateRequest(pem);

const sansOf = (request: x509.Pkcs10CertificateRequest) =>
  request.extensions.find((e): e is x509.SubjectAlternativeNameExtension => e instanceof x509.SubjectAlternativeNameExtension);

export async function describeRequest(request: x509.Pkcs10CertificateRequest): Promise<CsrDescription> {
  const names = sansOf(request)?.names.items ?? [];
  const of = (type: x509.GeneralNameType) => names.filter((name) => name.type === type).map((name) => name.value);
  return {
    commonName: request.subjectName.getField('CN').at(-1) ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    ipAddresses: of('ip'),
    emailAddresses: of('email'),
    uris: of('url'),
    signatureValid: await request.verify().catch(() => false),
  };
}

const USAGE_FLAGS: Readonly<Record<string, x509.KeyUsageFlags>> = {
  signing: x509.KeyUsageFlags.digitalSignature,
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'cert sign': x509.KeyUsageFlags.keyCertSign,
  'crl sign': x509.KeyUsageFlags.cRLSign,
  'encipher only': x509.KeyUsageFlags.encipherOnly,
  'decipher only': x509.KeyUsageFlags.decipherOnly,
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

function usageExtensions(usages: readonly string[]): x509.Extension[] {
  let flags = 0;
  const extended = new Set<string>();
  for (const usage of usages) {
    const flag = USAGE_FLAGS[usage];
    const oid = EXTENDED_USAGES[usage];
    if (flag === undefined && oid === undefined) throw new CsrError(`unrecognized key usage "${usage}"`);
    flags |= flag ?? 0;
    if (oid !== undefined) extended.add(oid);
  }
  return [
    ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
    ...(extended.size === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...extended])]),
  ];
}

export interface SignRequestOptions {
  readonly authority: KeyPair;
  readonly usages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Copies subject, key and alternative names from the request; everything else comes from the caller. Never a CA. */
export function signRequest(request: x509.Pkcs10CertificateRequest, options: SignRequestOptions): Promise<string> {
  const sans = sansOf(request);
  return signLeaf({
    authority: options.authority,
    subject: request.subjectName,
    publicKey: request.publicKey,
    notBeforeMs: options.notBeforeMs,
    notAfterMs: options.notAfterMs,
    extensions: [...usageExtensions(options.usages), ...(sans ? [sans] : [])],
  });
}
