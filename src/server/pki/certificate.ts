import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateFacts } from './certificate-plan.ts';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** SHA-256 over the certificate's DER, in lower-case hex: what join tokens pin. */
export const certificateHash = (pem: string): string => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

const LONGEST_IPV6_GROUPS = 8;
/** One spelling for each IPv6 address, so that lists of names compare: `::1` and `0:0:0:0:0:0:0:1` are the same. */
function plainAddress(text: string): string {
  if (isIP(text) !== 6) return text;
  const [head = '', tail] = text.toLowerCase().split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : LONGEST_IPV6_GROUPS - left.length - right.length;
  return [...left, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...right]
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
export const canonicalSan = (san: string): string => plainAddress(san.toLowerCase());

/** Names and addresses of node's `DNS:a, IP Address:1.2.3.4` text. Quoted entries (they hold odd characters) stay as they are. */
function sansOf(certificate: X509Certificate): string[] {
  const text = certificate.subjectAltName ?? '';
  return text
    .split(', ')
    .filter(Boolean)
    .map((entry) => canonicalSan(entry.replace(/^(DNS|IP Address):/, '')));
}

const valuesOf = (subject: string, attribute: string): string[] =>
  subject
    .split('\n')
    .filter((line) => line.startsWith(`${attribute}=`))
    .map((line) => line.slice(attribute.length + 1));

/** undefined when the PEM texts do not parse at all. */
export function certificateFacts(pair: KeyPair, caPem: string): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(pair.certPem);
    const ca = new X509Certificate(caPem);
    return {
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
      sans: sansOf(certificate),
      commonName: valuesOf(certificate.subject, 'CN')[0] ?? '',
      organizations: valuesOf(certificate.subject, 'O'),
      matchesKey: certificate.checkPrivateKey(createPrivateKey(pair.keyPem)),
      signedByCa: certificate.issuer === ca.subject && certificate.verify(ca.publicKey),
    };
  } catch {
    return undefined;
  }
}
