import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { certificateFacts, type KeyPair } from './certificate.ts';
import { readIfThere, writeSecretFile } from './secret-file.ts';

/** The stored CA cannot be used, and making another would lock out everyone who trusts this one. The message says what to do. */
export class AuthorityError extends Error {
  override name = 'AuthorityError';
}

/**
 * Loads `<name>.crt` and `<name>.key`, or makes them. The key is written first: a key alone is a start that was cut short, and
 * is completed; a certificate alone means that the key was lost, and is refused.
 */
export async function openAuthority(options: { dir: string; name: string; commonName: string; nowMs: number }): Promise<KeyPair> {
  const certPath = join(options.dir, `${options.name}.crt`);
  const keyPath = join(options.dir, `${options.name}.key`);
  const [certPem, storedKey] = await Promise.all([readIfThere(certPath), readIfThere(keyPath)]);
  if (certPem !== undefined && storedKey === undefined) {
    throw new AuthorityError(`${keyPath} is missing: restore it, or remove ${certPath} too to start a new cluster CA`);
  }
  if (certPem !== undefined && storedKey !== undefined) return checked({ certPem, keyPem: storedKey }, certPath, options.nowMs);
  const { issueAuthority, newKeyPem } = await import('./issue.ts');
  const keyPem = storedKey !== undefined && isPrivateKey(storedKey) ? storedKey : await newKeyPem();
  const pair = await issueAuthority(options.commonName, keyPem, options.nowMs);
  if (keyPem !== storedKey) await writeSecretFile(keyPath, pair.keyPem);
  await writeSecretFile(certPath, pair.certPem);
  return pair;
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
}

function checked(pair: KeyPair, path: string, nowMs: number): KeyPair {
  const facts = certificateFacts(pair, pair.certPem);
  if (!facts) throw new AuthorityError(`${path} or its key is not valid PEM`);
  if (!facts.matchesKey) throw new AuthorityError(`${path} and its key do not belong together`);
  if (!new X509Certificate(pair.certPem).ca) throw new AuthorityError(`${path} is not a CA certificate`);
  if (facts.notAfterMs <= nowMs) throw new AuthorityError(`${path} has expired`);
  return pair;
}
