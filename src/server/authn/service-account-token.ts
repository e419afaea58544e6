import { createHash, randomUUID } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import type { ServiceAccountKeys } from '../pki/service-account-keys.ts';

export interface ObjectIdentity {
  readonly name: string;
  readonly uid: string;
}

/** The private claims of upstream's service account tokens. */
export interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: ObjectIdentity;
  readonly pod?: ObjectIdentity;
  readonly secret?: ObjectIdentity;
  readonly node?: ObjectIdentity | { readonly name: string };
}

export interface TokenClaims {
  readonly audiences: readonly string[];
  readonly jti: string;
  readonly expiresSeconds: number;
  readonly kubernetes: KubernetesClaims;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresMs: number;
}

/** Signs and checks service account tokens (JWT, ES256). Whether what they are bound to still exists is the authenticator's affair. */
export interface ServiceAccountTokens {
  readonly issuer: string;
  issue(claims: { audiences: readonly string[]; expirationSeconds: number; kubernetes: KubernetesClaims }): Promise<IssuedToken>;
  /** undefined: not a token of ours, altered, expired or not yet valid. Never throws. */
  verify(token: string): Promise<TokenClaims | undefined>;
}

/** Longest token looked at. Ours have about 1 KB; parsing cost grows with the size. */
const MAX_TOKEN_BYTES = 16 * 1024;
/** Checked signatures that are remembered; a pod's token costs one check instead of one a request. */
const CACHED_TOKENS = 4096;
/** Only valid tokens are remembered, so a flood of wrong ones cannot push them out. */
const CACHE_MS = 10 * 60_000;

export const issuerOf = (clusterDomain: string): string => `https://kubernetes.default.svc.${clusterDomain}`;

export function serviceAccountTokens(options: { keys: ServiceAccountKeys; issuer: string; clock: Clock }): ServiceAccountTokens {
  const { keys, issuer, clock } = options;
  const verified = new LRUCache<string, TokenClaims>({ max: CACHED_TOKENS, ttl: CACHE_MS, perf: { now: () => clock.now() } });
  return {
    issuer,
    async issue({ audiences, expirationSeconds, kubernetes }) {
      const issuedSeconds = Math.floor(clock.now() / 1000);
      const expiresSeconds = issuedSeconds + expirationSeconds;
      const token = await new SignJWT({ 'kubernetes.io': kubernetes })
        .setProtectedHeader({ alg: 'ES256', kid: keys.keyId })
        .setIssuer(issuer)
        .setSubject(subjectOf(kubernetes))
        .setAudience([...audiences])
        .setIssuedAt(issuedSeconds)
        .setNotBefore(issuedSeconds)
        .setExpirationTime(expiresSeconds)
        .setJti(randomUUID())
        .sign(keys.privateKey);
      return { token, expiresMs: expiresSeconds * 1000 };
    },
    async verify(token) {
      if (token.length > MAX_TOKEN_BYTES) return undefined;
      const hash = createHash('sha256').update(token).digest('base64');
      const known = verified.get(hash);
      if (known) return known.expiresSeconds * 1000 > clock.now() ? known : undefined;
      const claims = await check(token, options);
      if (claims) verified.set(hash, claims);
      return claims;
    },
  };
}

const subjectOf = ({ namespace, serviceaccount }: KubernetesClaims) => `system:serviceaccount:${namespace}:${serviceaccount.name}`;

async function check(token: string, options: { keys: ServiceAccountKeys; issuer: string; clock: Clock }): Promise<TokenClaims | undefined> {
  const { keys, issuer, clock } = options;
  try {
    if (decodeProtectedHeader(token).kid !== keys.keyId) return undefined;
    const { payload } = await jwtVerify(token, keys.publicKey, {
      algorithms: ['ES256'],
      issuer,
      requiredClaims: ['sub', 'aud', 'exp', 'iat'],
      currentDate: new Date(clock.now()),
    });
    const kubernetes = readClaims(payload['kubernetes.io']);
    if (!kubernetes || payload.sub !== subjectOf(kubernetes)) return undefined;
    const audiences = [payload.aud ?? []].flat();
    return { audiences, jti: payload.jti ?? '', expiresSeconds: payload.exp ?? 0, kubernetes };
  } catch {
    return undefined;
  }
}

/** The signature says that we wrote these claims; their form is still checked, since a key may be shared with another issuer. */
function readClaims(value: unknown): KubernetesClaims | undefined {
  const claims = value as Partial<KubernetesClaims> | undefined;
  const isText = (text: unknown) => typeof text === 'string' && text !== '';
  const account = claims?.serviceaccount;
  if (!claims || !isText(claims.namespace) || !isText(account?.name) || !isText(account?.uid)) return undefined;
  for (const bound of [claims.pod, claims.secret])
    if (bound !== undefined && !(isText(bound?.name) && isText(bound?.uid))) return undefined;
  if (claims.node !== undefined && !isText(claims.node?.name)) return undefined;
  return claims as KubernetesClaims;
}
