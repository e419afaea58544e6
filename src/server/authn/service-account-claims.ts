import type { JWTPayload } from 'jose';

export interface ObjectIdentity {
  readonly name: string;
  readonly uid: string;
}

/** The private claims of upstream's service account tokens (`kubernetes.io`). */
export interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: ObjectIdentity;
  readonly pod?: ObjectIdentity;
  /** Of a legacy token the uid is not known. */
  readonly secret?: ObjectIdentity | { readonly name: string };
  readonly node?: ObjectIdentity | { readonly name: string };
  /** Seconds since the epoch, after which the token was to be replaced: it is longer valid than its owner asked for. */
  readonly warnafter?: number;
}

/** `iss` of tokens that lie in Secrets. */
export const LEGACY_ISSUER = 'kubernetes/serviceaccount';
const LEGACY = {
  namespace: 'kubernetes.io/serviceaccount/namespace',
  secret: 'kubernetes.io/serviceaccount/secret.name',
  account: 'kubernetes.io/serviceaccount/service-account.name',
  uid: 'kubernetes.io/serviceaccount/service-account.uid',
} as const;

const isText = (text: unknown): text is string => typeof text === 'string' && text !== '';

/** The signature says that we wrote these claims; their form is still checked, since a key may be shared with another issuer. */
export function kubernetesClaims(value: unknown): KubernetesClaims | undefined {
  const claims = value as Partial<KubernetesClaims> | undefined;
  const account = claims?.serviceaccount;
  if (!claims || !isText(claims.namespace) || !isText(account?.name) || !isText(account?.uid)) return undefined;
  const { pod, secret, node } = claims;
  for (const bound of [pod, secret])
    if (bound !== undefined && !(isText(bound?.name) && 'uid' in bound && isText(bound.uid))) return undefined;
  if (node !== undefined && !isText(node?.name)) return undefined;
  return claims as KubernetesClaims;
}

export const legacyPayload = ({ namespace, serviceaccount, secret }: KubernetesClaims): JWTPayload => ({
  [LEGACY.namespace]: namespace,
  [LEGACY.secret]: secret?.name,
  [LEGACY.account]: serviceaccount.name,
  [LEGACY.uid]: serviceaccount.uid,
});

export function legacyClaims(payload: JWTPayload): KubernetesClaims | undefined {
  const [namespace, secret, name, uid] = [LEGACY.namespace, LEGACY.secret, LEGACY.account, LEGACY.uid].map((claim) => payload[claim]);
  if (!isText(namespace) || !isText(secret) || !isText(name) || !isText(uid)) return undefined;
  return { namespace, serviceaccount: { name, uid }, secret: { name: secret } };
}
