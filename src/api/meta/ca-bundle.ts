const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\s([\s\S]*?)-----END \1-----/g;
/** How every certificate begins: an ASN.1 sequence. */
const SEQUENCE = 0x30;

/** Why a field of certificates (PEM in base64) holds none, in the words of Go's client; undefined when it holds some. */
export function caBundleFault(base64: string): string | undefined {
  const pem = decoded(base64);
  const blocks = pem === undefined ? [] : [...pem.matchAll(BLOCK)];
  if (blocks.length === 0) return 'unable to load root certificates: unable to parse bytes as PEM block';
  const certificates = blocks.filter(([, type]) => type === 'CERTIFICATE');
  const parses = certificates.some(([, , body = '']) => decoded(body.replace(/\s/g, ''))?.charCodeAt(0) === SEQUENCE);
  return parses ? undefined : 'unable to load root certificates: failed to parse certificate: x509: malformed certificate';
}

/** One character a byte; undefined for what is no base64. */
function decoded(base64: string): string | undefined {
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}

/** Bytes as Go prints them in messages: `[]byte{0xa}`. */
export function goBytes(base64: string): string {
  const bytes = [...(decoded(base64) ?? '')].map((char) => `0x${char.charCodeAt(0).toString(16)}`);
  return `[]byte{${bytes.join(', ')}}`;
}
