/** What a certificate says, as far as deciding whether to keep it needs to know. */
export interface CertificateFacts {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly sans: readonly string[];
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Does the private key beside it belong to it, and did the current CA sign it? */
  readonly matchesKey: boolean;
  readonly signedByCa: boolean;
}

export interface CertificateWish {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly sans: readonly string[];
}

export const DAY_MS = 86_400_000;
/** Leaf certificates live a year and are replaced when a quarter of it is left. */
export const LEAF_LIFETIME_DAYS = 365;
export const RENEW_BEFORE_DAYS = 90;
export const CA_LIFETIME_DAYS = 3650;
/** Certificates begin a little in the past: the clocks of a cluster's machines disagree. */
export const BACKDATE_MS = 3_600_000;

export type Verdict = 'keep' | 'missing' | 'broken' | 'expiring' | 'changed';

const sameSet = (a: readonly string[], b: readonly string[]) => {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((value) => right.has(value));
};

/** Keep the certificate on disk, or why a new one must be issued. */
export function judgeCertificate(facts: CertificateFacts | undefined, wish: CertificateWish, nowMs: number): Verdict {
  if (!facts) return 'missing';
  if (!facts.matchesKey || !facts.signedByCa) return 'broken';
  if (facts.notAfterMs - nowMs < RENEW_BEFORE_DAYS * DAY_MS || facts.notBeforeMs > nowMs) return 'expiring';
  const same = facts.commonName === wish.commonName && sameSet(facts.organizations, wish.organizations) && sameSet(facts.sans, wish.sans);
  return same ? 'keep' : 'changed';
}
