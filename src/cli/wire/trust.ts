import { readFile } from 'node:fs/promises';
import { issuerOf } from '../../server/authn/service-account-token.ts';
import {
  type ServiceAccountKeys,
  serviceAccountKeys,
  type VerificationKey,
  verificationKeys,
} from '../../server/pki/service-account-keys.ts';
import type { TokenSettings } from '../../server/trust.ts';
import { UsageError } from '../exit.ts';
import type { ServerSettings } from './settings.ts';

/** What `parse` makes of a file that a flag names; UsageError with one sentence when the file cannot be read or does not hold that. */
export async function fromFile<T>(flag: string, path: string, parse: (text: string) => T | Promise<T>): Promise<T> {
  try {
    return await parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${flag} ${path}: ${error instanceof Error ? error.message.split('\n')[0] : error}`, { cause: error });
  }
}

/** The keys of service account tokens: our own, or what --service-account-signing-key-file and --service-account-key-file hold. */
async function keysOf(settings: ServerSettings, own: ServiceAccountKeys): Promise<ServiceAccountKeys> {
  const { serviceAccountSigningKeyFile: signing, serviceAccountKeyFile: files = [] } = settings;
  const believed: VerificationKey[] = (
    await Promise.all(files.map((path) => fromFile('--service-account-key-file', path, verificationKeys)))
  ).flat();
  if (signing !== undefined) return fromFile('--service-account-signing-key-file', signing, (pem) => serviceAccountKeys(pem, believed));
  const known = new Set(own.verification.map(({ keyId }) => keyId));
  return { ...own, verification: [...own.verification, ...believed.filter(({ keyId }) => !known.has(keyId))] };
}

export async function tokenSettings(
  settings: ServerSettings,
  { own, serverAddress }: { own: ServiceAccountKeys; serverAddress: string },
): Promise<TokenSettings> {
  const [first = issuerOf(settings.clusterDomain), ...others] = settings.serviceAccountIssuer ?? [];
  const { serviceAccountMaxTokenExpiration: maxMs, apiAudiences, serviceAccountExtendTokenExpiration = true } = settings;
  return {
    keys: await keysOf(settings, own),
    issuers: [first, ...others],
    ...(apiAudiences?.length && { apiAudiences }),
    jwksUri: settings.serviceAccountJwksUri ?? `https://${serverAddress}/openid/v1/jwks`,
    ...(maxMs && { maxExpirationSeconds: Math.floor(maxMs / 1000) }),
    extendExpiration: serviceAccountExtendTokenExpiration,
  };
}
