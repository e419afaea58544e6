import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writeSecretFile } from './secret-file.ts';

/** The ECDSA P-256 key that service-account tokens are signed with (ES256). */
export interface ServiceAccountKeys {
  /** base64url of the SHA-256 of the public key's DER, as upstream derives it: the tokens' `kid`. */
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function serviceAccountKeys(pem: string): ServiceAccountKeys {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(pem);
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return { keyId, privateKey, publicKey };
}

/** Loads `service-account.key` or makes it. An unreadable key is refused: a new one would void every token that is out. */
export async function openServiceAccountKeys(dir: string): Promise<ServiceAccountKeys> {
  const path = join(dir, 'service-account.key');
  const stored = await readIfThere(path);
  if (stored !== undefined) {
    const keys = serviceAccountKeys(stored);
    if (keys.privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error(`${path} is not an ECDSA P-256 key`);
    return keys;
  }
  const { newKeyPem } = await import('./issue.ts');
  const pem = await newKeyPem();
  await writeSecretFile(path, pem);
  return serviceAccountKeys(pem);
}
