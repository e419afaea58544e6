import { X509Certificate } from 'node:crypto';

/** Purposes of certificates: of a server, and any (RFC 5280, 4.2.1.12). */
const FOR_SERVERS = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);
/** The name of the extension nameConstraints (2.5.29.30) in DER. */
const NAME_CONSTRAINTS = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x1e]);

/**
 * OpenSSL takes a certificate for self-signed by its names: when it is issued to its issuer's name and does not say by which of the issuer's keys.
 * Go's TLS looks at the signature, and webhooks made with knative.dev/pkg (Tekton, Knative) are certified just so. This is for those:
 * true when one of the CAs signed the certificate, and both may be used by a server now. The server's name is not looked at.
 */
export function isIssuedByNamesake(leaf: X509Certificate, caPems: readonly string[], nowMs: number): boolean {
  if (leaf.subject !== leaf.issuer) return false;
  return certificatesOf(caPems).some(
    (ca) => mayCertify(ca) && leaf.checkIssued(ca) && leaf.verify(ca.publicKey) && [leaf, ca].every((each) => isUsable(each, nowMs)),
  );
}

/** What only chains that OpenSSL follows are held to is refused here. */
const mayCertify = (ca: X509Certificate): boolean => ca.ca && !ca.raw.includes(NAME_CONSTRAINTS);

function isUsable({ validFromDate, validToDate, keyUsage }: X509Certificate, nowMs: number): boolean {
  const isForServers = !keyUsage || keyUsage.some((purpose) => FOR_SERVERS.has(purpose));
  return isForServers && validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
}

/** What is no certificate is left out, as in any bundle. */
function certificatesOf(pems: readonly string[]): X509Certificate[] {
  const blocks = pems.flatMap((pem) => pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []);
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}
