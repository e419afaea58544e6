import type { UserInfo } from '../../ports.ts';

/** What a verified token says. */
export type Claims = Readonly<Record<string, unknown>>;

/** A token that says too little or the wrong thing; the message is in upstream's words. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
}

/** How claims become a user. Every part throws ClaimError. */
export interface ClaimMapping {
  readonly username: (claims: Claims) => string;
  readonly groups: (claims: Claims) => readonly string[];
  readonly uid: (claims: Claims) => string;
  readonly extra: (claims: Claims) => Readonly<Record<string, readonly string[]>>;
  /** What the claims, and then the user, must be like. */
  readonly claimRules: readonly ((claims: Claims) => void)[];
  readonly userRules: readonly ((user: UserInfo) => void)[];
}

const has = (claims: Claims, claim: string): boolean => Object.hasOwn(claims, claim);
const goType = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);

function textClaim(claims: Claims, claim: string, say: (why: string) => string): string {
  if (!has(claims, claim)) throw new ClaimError(say('claim not present'));
  const value = claims[claim];
  if (typeof value !== 'string') throw new ClaimError(say(`json: cannot unmarshal ${goType(value)} into Go value of type string`));
  return value;
}

function checkMailVerified(claims: Claims): void {
  if (!has(claims, 'email_verified')) return;
  const value = claims.email_verified;
  if (typeof value !== 'boolean') {
    throw new ClaimError(`oidc: parse 'email_verified' claim: json: cannot unmarshal ${goType(value)} into Go value of type bool`);
  }
  if (!value) throw new ClaimError('oidc: email not verified');
}

/** The user name out of one claim. A mail address that is said to be unverified names nobody. */
export const usernameClaim =
  (claim: string, prefix = ''): ClaimMapping['username'] =>
  (claims) => {
    const name = textClaim(claims, claim, (why) => `oidc: parse username claims ${JSON.stringify(claim)}: ${why}`);
    if (claim === 'email') checkMailVerified(claims);
    return prefix + name;
  };

/** Groups out of one claim, a list or a single text; without it none. */
export const groupsClaim =
  (claim: string, prefix = ''): ClaimMapping['groups'] =>
  (claims) => {
    if (!claim || !has(claims, claim)) return [];
    const value = claims[claim];
    const groups = typeof value === 'string' ? [value] : value;
    if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
      throw new ClaimError(
        `oidc: parse groups claim ${JSON.stringify(claim)}: json: cannot unmarshal ${goType(value)} into Go value of type string`,
      );
    }
    return groups.map((group) => prefix + group);
  };

export const uidClaim =
  (claim: string): ClaimMapping['uid'] =>
  (claims) =>
    textClaim(claims, claim, (why) => `oidc: parse uid claim ${JSON.stringify(claim)}: ${why}`);

/** A claim that must be there with this text. */
export const requiredClaim =
  (claim: string, wanted: string): ClaimMapping['claimRules'][number] =>
  (claims) => {
    if (!has(claims, claim)) throw new ClaimError(`oidc: required claim ${claim} not present in ID token`);
    const value = textClaim(claims, claim, (why) => `oidc: parse claim ${claim}: ${why}`);
    if (value !== wanted) throw new ClaimError(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${wanted}`);
  };

const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** Whom the claims stand for. Throws ClaimError. */
export function userOfClaims(claims: Claims, mapping: ClaimMapping): UserInfo {
  const name = mapping.username(claims);
  const groups = mapping.groups(claims);
  const uid = mapping.uid(claims);
  const { jti } = claims;
  const extra = { ...(typeof jti === 'string' && jti !== '' && { [CREDENTIAL_ID]: [`JTI=${jti}`] }), ...mapping.extra(claims) };
  for (const check of mapping.claimRules) check(claims);
  const user: UserInfo = { name, ...(uid && { uid }), groups, ...(Object.keys(extra).length > 0 && { extra }) };
  for (const check of mapping.userRules) check(user);
  return user;
}
