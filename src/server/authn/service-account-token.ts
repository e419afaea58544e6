import { createHash, randomUUID } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import type { ServiceAccountKeys, VerificationKey } from '../pki/service-account-keys.ts';
import { type KubernetesClaims, kubernetesClaims, LEGACY_ISSUER, legacyClaims, legacyPayload } from './service-account-claims.ts';

export interface TokenClaims {
  /** undefined: a legacy token, which is for the API server whatever audiences it answers to. */
  readonly audiences: readonly string[] | undefined;
  /** Empty for legacy tokens. */
  readonly jti: string;
  /** undefined: a legacy token, which lives as long as its Secret. */
  readonly expiresSeconds: number | undefined;
  readonly kubernetes: KubernetesClaims;
}

export interface IssuedToken {
  readonly token: string;
}

/** A token of ours that holds, one that does not (and why, in upstream's words), or undefined: none of ours. */
export type CheckedToken = { readonly claims: TokenClaims } | { readonly error: string } | undefined;

export interface TokenWish {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly kubernetes: KubernetesClaims;
}

/** Signs and checks service account tokens (JWT). Whether what they are bound to still exists is the authenticator's affair. */
export interface ServiceAccountTokens {
  /** Signs new tokens; the first of those that are believed. */
  readonly issuer: string;
  issue(wish: TokenWish): Promise<IssuedToken>;
  /** A token without end for a Secret of type kubernetes.io/service-account-token. */
  issueLegacy(claims: KubernetesClaims & { readonly secret: { readonly name: string } }): Promise<string>;
  /** Never throws. */
  verify(token: string): Promise<CheckedToken>;
}

export interface TokenOptions {
  readonly keys: ServiceAccountKeys;
  /** The first signs. */
  readonly issuers: readonly [string, ...string[]];
  readonly clock: Clock;
}

/** Longest token looked at. Ours have about 1 KB; parsing cost grows with the size. */
export const MAX_TOKEN_BYTES = 16 * 1024;
/** Checked signatures that are remembered; a pod's token costs one check instead of one a request. */
const CACHED_TOKENS = 4096;
/** Only valid tokens are remembered, so a flood of wrong ones cannot push them out. */
const CACHE_MS = 10 * 60_000;

export const issuerOf = (clusterDomain: string): string => `https://kubernetes.default.svc.${clusterDomain}`;
export const subjectOf = ({ namespace, serviceaccount }: KubernetesClaims): string =>
  `system:serviceaccount:${namespace}:${serviceaccount.name}`;

export function serviceAccountTokens(options: TokenOptions): ServiceAccountTokens {
  const { keys, issuers, clock } = options;
  const verified = new LRUCache<string, { claims: TokenClaims }>({ max: CACHED_TOKENS, ttl: CACHE_MS, perf: { now: () => clock.now() } });
  const signed = (payload: JWTPayload) =>
    new SignJWT(payload).setProtectedHeader({ alg: keys.signing.algorithm, kid: keys.signing.keyId }).sign(keys.signing.privateKey);
  return {
    issuer: issuers[0],
    async issue({ audiences, expirationSeconds, kubernetes }) {
      const iat = Math.floor(clock.now() / 1000);
      const exp = iat + expirationSeconds;
      const claims = { 'kubernetes.io': kubernetes, nbf: iat, sub: subjectOf(kubernetes) };
      return { token: await signed({ aud: [...audiences], exp, iat, iss: issuers[0], jti: randomUUID(), ...claims }) };
    },
    issueLegacy: (claims) => signed({ iss: LEGACY_ISSUER, ...legacyPayload(claims), sub: subjectOf(claims) }),
    async verify(token) {
      if (token.length > MAX_TOKEN_BYTES) return undefined;
      const hash = createHash('sha256').update(token).digest('base64');
      const known = verified.get(hash);
      if (known) return isExpired(known.claims, clock.now()) ? EXPIRED : known;
      const checked = await check(token, options);
      if (checked && 'claims' in checked) verified.set(hash, checked);
      return checked;
    },
  };
}

const EXPIRED = { error: 'service account token has expired' } as const;
const INVALID = { error: 'service account token claims could not be validated due to unexpected validation error' } as const;

const isExpired = ({ expiresSeconds }: TokenClaims, nowMs: number) => expiresSeconds !== undefined && expiresSeconds * 1000 <= nowMs;

async function check(token: string, { keys, issuers, clock }: TokenOptions): Promise<CheckedToken> {
  const issuer = issuerClaim(token);
  if (issuer === undefined || (issuer !== LEGACY_ISSUER && !issuers.includes(issuer))) return undefined;
  const payload = await signedPayload(token, keys.verification);
  if (!payload) return undefined;
  const isLegacy = issuer === LEGACY_ISSUER;
  const kubernetes = isLegacy ? legacyClaims(payload) : kubernetesClaims(payload['kubernetes.io']);
  if (!kubernetes || payload.sub !== subjectOf(kubernetes)) return INVALID;
  if (isLegacy) return { claims: { audiences: undefined, jti: '', expiresSeconds: undefined, kubernetes } };
  if (payload.exp === undefined || payload.aud === undefined) return INVALID;
  const claims = { audiences: [payload.aud].flat(), jti: payload.jti ?? '', expiresSeconds: payload.exp, kubernetes };
  if (isExpired(claims, clock.now())) return EXPIRED;
  return (payload.nbf ?? 0) * 1000 > clock.now() ? { error: 'service account token is not valid yet' } : { claims };
}

function issuerClaim(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** The claims when one of the keys signed them; times are the caller's affair. A token names its key, unless an old one made it. */
async function signedPayload(token: string, keys: readonly VerificationKey[]): Promise<JWTPayload | undefined> {
  const named = keyIdOf(token);
  const candidates = named === undefined ? keys : keys.filter(({ keyId }) => keyId === named);
  for (const { algorithm, publicKey } of candidates) {
    try {
      const { payload } = await compactVerify(token, publicKey, { algorithms: [algorithm] });
      return JSON.parse(Buffer.from(payload).toString()) as JWTPayload;
    } catch {
      // another key may have signed it
    }
  }
  return undefined;
}

function keyIdOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return undefined;
  }
}
