import { createHash } from 'node:crypto';
import { type CompactVerifyResult, compactVerify, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import { type Clock, rfc3339 } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { UserInfo } from '../../ports.ts';
import { MAX_TOKEN_BYTES } from '../service-account-token.ts';
import { quoted, type TokenSource, type TokenVerdict } from '../token-source.ts';
import { ClaimError, type ClaimMapping, type Claims, userOfClaims } from './claims-plan.ts';
import { IssuerKeys, type JwtIssuer } from './issuer-keys.ts';
import { SIGNING_ALGORITHMS } from './signing-algorithms.ts';

/** Tokens of one issuer, and whom they stand for. */
export interface JwtAuthenticator {
  readonly issuer: JwtIssuer;
  /** A token is for us when it is for one of these. */
  readonly audiences: readonly string[];
  /** JOSE's names; absent: every asymmetric one. */
  readonly algorithms?: readonly string[];
  readonly mapping: ClaimMapping;
}

export interface OidcOptions {
  readonly outbound: Outbound;
  /** What the API server answers to: whoever has a token of an issuer is a user of the API. */
  readonly apiAudiences: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** As long as upstream: a key that an issuer takes back is believed for no longer. */
const CACHE_MS = 10_000;
const CACHED_TOKENS = 4096;
/** Clocks differ: a token may begin this much in the future (go-oidc's leeway). */
const NOT_BEFORE_LEEWAY_SECONDS = 300;

/** Knows tokens from the start; `ready` rejects while the issuer's keys cannot be had. */
export type OidcSource = TokenSource & { ready(): Promise<void> };

/** ID tokens of one OpenID Connect provider. (Kubernetes: Authenticating, "OpenID Connect Tokens".) */
export function oidcSource(authenticator: JwtAuthenticator, { outbound, apiAudiences, clock, log }: OidcOptions): OidcSource {
  const { issuer } = authenticator;
  const keys = new IssuerKeys(issuer, { outbound, clock });
  const known = new LRUCache<string, { user: UserInfo; expiresMs: number }>({
    max: CACHED_TOKENS,
    ttl: CACHE_MS,
    ttlResolution: 0,
    perf: { now: () => clock.now() },
  });
  const source = async (token: string, asked: readonly string[]): Promise<TokenVerdict> => {
    if (token.length > MAX_TOKEN_BYTES || issuerOf(token) !== issuer.url) return undefined;
    const audiences = apiAudiences.filter((audience) => asked.includes(audience));
    if (audiences.length === 0) return undefined;
    const hash = createHash('sha256').update(token).digest('base64');
    const before = known.get(hash);
    if (before && before.expiresMs > clock.now()) return { user: before.user, audiences };
    try {
      const payload = await verified(token, authenticator, keys, clock);
      const user = userOfClaims(payload as Claims, authenticator.mapping);
      known.set(hash, { user, expiresMs: (payload.exp ?? 0) * 1000 });
      return { user, audiences };
    } catch (error) {
      if (error instanceof ClaimError || error instanceof TokenError) return { error: error.message };
      log.warn({ issuer: issuer.url, error }, 'tokens of an issuer cannot be verified');
      return { error: 'oidc: authenticator not initialized' };
    }
  };
  return Object.assign(source, { ready: async () => void (await keys.current()) });
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** A token that does not hold, in upstream's words. */
class TokenError extends Error {
  override readonly name = 'TokenError';
}
const refuse = (why: string) => new TokenError(`oidc: verify token: ${why}`);

/** The claims of a token that holds. Throws TokenError; any other error: the issuer's keys could not be had. */
async function verified(
  token: string,
  { audiences, algorithms = SIGNING_ALGORITHMS }: JwtAuthenticator,
  keys: IssuerKeys,
  clock: Clock,
): Promise<JWTPayload> {
  const first = await keys.current();
  let payload = await signed(token, first, algorithms);
  if (!payload) {
    const newer = await keys.newerThan(first);
    payload = newer && (await signed(token, newer, algorithms));
  }
  if (!payload) throw refuse('failed to verify signature: failed to verify id token signature');
  const nowSeconds = clock.now() / 1000;
  if (payload.exp === undefined || payload.exp <= nowSeconds) {
    throw refuse(`oidc: token is expired (Token Expiry: ${rfc3339((payload.exp ?? 0) * 1000)})`);
  }
  if (payload.nbf !== undefined && payload.nbf > nowSeconds + NOT_BEFORE_LEEWAY_SECONDS) {
    throw refuse(`current time ${rfc3339(clock.now())} before the nbf (not before) time: ${rfc3339(payload.nbf * 1000)}`);
  }
  const own = [payload.aud ?? []].flat();
  if (!own.some((audience) => audiences.includes(audience))) {
    throw refuse(`oidc: expected audience in ${quoted([...audiences].sort())} got ${quoted(own)}`);
  }
  return payload;
}

const payloadOf = ({ payload }: CompactVerifyResult) => JSON.parse(Buffer.from(payload).toString()) as JWTPayload;

/** The claims when one of the keys signed them; undefined when none did. Throws TokenError for what no key can mend. */
async function signed(token: string, key: JWTVerifyGetKey, algorithms: readonly string[]): Promise<JWTPayload | undefined> {
  const options = { algorithms: [...algorithms] };
  try {
    return payloadOf(await compactVerify(token, key, options));
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return await signedByOneOf(token, error, options);
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed) return undefined;
    if (error instanceof errors.JOSEAlgNotAllowed) {
      throw refuse(`oidc: malformed jwt: unexpected signature algorithm; expected ${quoted(algorithms)}`);
    }
    throw refuse(`oidc: malformed jwt: ${error instanceof Error ? error.message : error}`);
  }
}

/** A token without a key id: each key of its algorithm may be the one. */
async function signedByOneOf(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: { algorithms: string[] },
): Promise<JWTPayload | undefined> {
  for await (const key of candidates) {
    try {
      return payloadOf(await compactVerify(token, key, options));
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refuse(`oidc: malformed jwt: ${error}`);
    }
  }
  return undefined;
}
