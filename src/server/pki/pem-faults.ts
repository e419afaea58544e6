import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** A block of PEM: its label, and all of it. */
interface Block {
  readonly label: string;
  readonly text: string;
}

const BLOCK = /-----BEGIN ([^\n-]+)-----\r?\n[^-]*-----END \1-----/g;
const CERTIFICATE = 'CERTIFICATE';
const KEY = /^(.* )?PRIVATE KEY$/;
/** What Go's TLS can serve with. */
const ALGORITHMS = new Set(['rsa', 'ec', 'ed25519']);

const blocksOf = (pem: string): Block[] => [...pem.matchAll(BLOCK)].map(([text, label = '']) => ({ label, text }));

/** What is wrong with a certificate's block, in the words of Go's crypto/x509. */
function certificateIn({ text }: Block): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new Error('x509: malformed certificate', { cause });
  }
}

/** The first fault of the certificates in a text that has nothing but them. */
export function certificateFault(pem: string): string | undefined {
  try {
    for (const block of blocksOf(pem)) if (block.label === CERTIFICATE) certificateIn(block);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Why nobody can serve TLS with the pair, in the words of Go's tls.X509KeyPair; undefined: one can. */
export function keyPairFault(certificates: string, key: string): string | undefined {
  try {
    const certificate = firstCertificateIn(certificates);
    const block = keyIn(key);
    match(certificateIn(certificate), block);
    return undefined;
  } catch (error) {
    return `tls: ${(error as Error).message}`.replace(/^tls: x509: /, 'x509: ');
  }
}

function firstCertificateIn(pem: string): Block {
  const blocks = blocksOf(pem);
  const found = blocks.find(({ label }) => label === CERTIFICATE);
  if (found) return found;
  const labels = blocks.map(({ label }) => label);
  if (labels.length === 0) throw new Error('failed to find any PEM data in certificate input');
  if (labels.length === 1 && labels[0]?.endsWith('PRIVATE KEY')) {
    throw new Error(
      'failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
    );
  }
  throw new Error(`failed to find "CERTIFICATE" PEM block in certificate input ${skipping(labels)}`);
}

function keyIn(pem: string): Block {
  const blocks = blocksOf(pem);
  const found = blocks.find(({ label }) => KEY.test(label));
  if (found) return found;
  const labels = blocks.map(({ label }) => label);
  if (labels.length === 0) throw new Error('failed to find any PEM data in key input');
  if (labels.length === 1 && labels[0] === CERTIFICATE)
    throw new Error('found a certificate rather than a key in the PEM for the private key');
  throw new Error(`failed to find PEM block with type ending in "PRIVATE KEY" in key input ${skipping(labels)}`);
}

const skipping = (labels: readonly string[]): string => `after skipping PEM blocks of the following types: [${labels.join(' ')}]`;

function match(certificate: X509Certificate, block: Block): void {
  const key = privateKeyIn(block);
  const type = certificate.publicKey.asymmetricKeyType ?? '';
  if (!ALGORITHMS.has(type)) throw new Error('unknown public key algorithm');
  if (key.asymmetricKeyType !== type) throw new Error('private key type does not match public key type');
  if (!certificate.checkPrivateKey(key)) throw new Error('private key does not match public key');
}

function privateKeyIn({ text }: Block): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new Error('failed to parse private key', { cause });
  }
}
