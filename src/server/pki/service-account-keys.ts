import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writeSecretFile } from './secret-file.ts';

/** JOSE's names of what our keys sign with. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'ES384' | 'ES512';

/** A key that service account tokens are checked with. */
export interface VerificationKey {
  /** base64url of the SHA-256 of the public key's DER, as upstream derives it: the tokens' `kid`. */
  readonly keyId: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: KeyObject;
}

/** One key signs, several are believed: that is how a key is replaced while tokens of the old one are out. */
export interface ServiceAccountKeys {
  readonly signing: VerificationKey & { readonly privateKey: KeyObject };
  /** The signing key's public half among them, first. */
  readonly verification: readonly VerificationKey[];
}

const CURVE_ALGORITHMS: Readonly<Record<string, SigningAlgorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

function algorithmOf(key: KeyObject): SigningAlgorithm | undefined {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  return CURVE_ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? ''];
}

function verificationKey(publicKey: KeyObject): VerificationKey {
  const algorithm = algorithmOf(publicKey);
  if (!algorithm) throw new Error('the key is neither RSA nor ECDSA on P-256, P-384 or P-521');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { keyId: createHash('sha256').update(der).digest('base64url'), algorithm, publicKey };
}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g;

/** Every key of a PEM file, private or public, as it is checked with. Throws an Error that says what is wrong when there is none or one does not parse. */
export function verificationKeys(pem: string): VerificationKey[] {
  const blocks = [...pem.matchAll(PEM_BLOCK)].filter(([, label = '']) => label.endsWith('KEY') || label === 'CERTIFICATE');
  if (blocks.length === 0) throw new Error('it holds no PEM key');
  return blocks.map(([block]) => verificationKey(createPublicKey(block)));
}

/** The keys of a signing key's PEM and of further PEM files that are believed. Throws an Error that says what is wrong. */
export function serviceAccountKeys(signingPem: string, believed: readonly VerificationKey[] = []): ServiceAccountKeys {
  const privateKey = createPrivateKey(signingPem);
  const own = verificationKey(createPublicKey(privateKey));
  const others = believed.filter(({ keyId }) => keyId !== own.keyId);
  return { signing: { ...own, privateKey }, verification: [own, ...others] };
}

/** Loads `service-account.key` or makes it. An unreadable key is refused: a new one would void every token that is out. */
export async function openServiceAccountKeys(dir: string): Promise<ServiceAccountKeys> {
  const path = join(dir, 'service-account.key');
  const stored = await readIfThere(path);
  if (stored !== undefined) {
    const keys = serviceAccountKeys(stored);
    if (keys.signing.algorithm !== 'ES256') throw new Error(`${path} is not an ECDSA P-256 key`);
    return keys;
  }
  const { newKeyPem } = await import('./issue.ts');
  const pem = await newKeyPem();
  await writeSecretFile(path, pem);
  return serviceAccountKeys(pem);
}
