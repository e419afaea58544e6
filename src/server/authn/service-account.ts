import type { KubeObject } from '../../api/meta/object.ts';
import type { Secret } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { ObjectReader, UserInfo } from '../ports.ts';
import type { ServiceAccountTokens, TokenClaims } from './service-account-token.ts';
import { type TokenSource, wrongAudience } from './token-source.ts';

/** Objects that are being deleted still vouch for their tokens this long, as upstream has it: their last clean-up may need it. */
const DELETION_LEEWAY_MS = 60_000;
const EXTRA = 'authentication.kubernetes.io';
/** On a Secret: its token has not been used for long, and counts no more. */
const LAST_USED = 'kubernetes.io/legacy-token-last-used';
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';

export interface ServiceAccountSource {
  readonly reader: ObjectReader;
  readonly tokens: ServiceAccountTokens;
  /** Audiences of tokens that name none. */
  readonly apiAudiences: readonly string[];
  /** Writes on the Secret on which day its token was used last. Absent: that is not noted. */
  readonly noteUse?: (secret: Secret, label: Readonly<Record<string, string>>) => void;
  readonly clock: Clock;
}

/** Service account tokens, bound and legacy. What they are bound to is looked up on every request: it is a few map look-ups. */
export function serviceAccountSource({ reader, tokens, apiAudiences, noteUse, clock }: ServiceAccountSource): TokenSource {
  const uses = new NotedUses(noteUse);
  return async (token, asked) => {
    const checked = await tokens.verify(token);
    if (!checked || 'error' in checked) return checked;
    const { claims } = checked;
    const own = claims.audiences ?? apiAudiences;
    const audiences = own.filter((audience) => asked.includes(audience));
    if (audiences.length === 0) return wrongAudience(own, asked);
    const isLegacy = claims.expiresSeconds === undefined;
    const problem = isLegacy ? legacyProblem(reader, claims, token) : boundProblem(reader, claims, clock.now());
    // A token that is marked as invalid is in use all the same: its owner may want to know.
    if (isLegacy && (!problem || problem === INVALID)) uses.note(secretOf(reader, claims), clock.now());
    return problem ? { error: problem } : { user: userOf(claims), audiences };
  };
}

const GONE = 'service account token has been invalidated';
const INVALID = 'the token in secret has been marked as invalid';

const secretOf = (reader: ObjectReader, { kubernetes: { namespace, secret } }: TokenClaims) =>
  reader.get<Secret>('secrets', namespace, secret?.name ?? '');

/** One write a day for each Secret, however many requests come with its token. */
class NotedUses {
  readonly #noteUse: ServiceAccountSource['noteUse'];
  #day = '';
  readonly #today = new Set<string>();

  constructor(noteUse: ServiceAccountSource['noteUse']) {
    this.#noteUse = noteUse;
  }

  note(secret: Secret | undefined, nowMs: number): void {
    const day = new Date(nowMs).toISOString().slice(0, 10);
    if (day !== this.#day) this.#today.clear();
    this.#day = day;
    const uid = secret?.metadata?.uid ?? '';
    if (!secret || this.#today.has(uid)) return;
    this.#today.add(uid);
    if (secret.metadata?.labels?.[LAST_USED] !== day) this.#noteUse?.(secret, { [LAST_USED]: day });
  }
}

function legacyProblem(reader: ObjectReader, claims: TokenClaims, token: string): string | undefined {
  const { namespace, serviceaccount } = claims.kubernetes;
  const stored = secretOf(reader, claims);
  if (!stored?.data || stored.metadata?.deletionTimestamp) return GONE;
  if (Buffer.from(stored.data.token ?? '', 'base64').toString() !== token) return "token doesn't match server's copy";
  const account = reader.get('serviceaccounts', namespace, serviceaccount.name)?.metadata;
  if (!account || account.deletionTimestamp) return GONE;
  if (account.uid !== serviceaccount.uid) return `service account UID (${account.uid}) does not match claim (${serviceaccount.uid})`;
  return stored.metadata?.labels?.[INVALID_SINCE] ? INVALID : undefined;
}

function boundProblem(reader: ObjectReader, { kubernetes }: TokenClaims, nowMs: number): string | undefined {
  const { namespace, serviceaccount, pod, secret, node } = kubernetes;
  const problem = (what: string, resource: string, home: string, { name, uid = '' }: { name: string; uid?: string }) => {
    const found = reader.get(resource, home, name)?.metadata;
    if (!found || isGone(found, nowMs)) return GONE;
    return found.uid === uid ? undefined : `${what} UID (${found.uid}) does not match claim (${uid})`;
  };
  return (
    problem('service account', 'serviceaccounts', namespace, serviceaccount) ??
    (secret && problem('secret', 'secrets', namespace, secret)) ??
    (pod && problem('pod', 'pods', namespace, pod)) ??
    // With a pod the node is only information; alone it is what the token is bound to.
    (node && !pod ? problem('node', 'nodes', '', node) : undefined)
  );
}

const isGone = ({ deletionTimestamp }: NonNullable<KubeObject['metadata']>, nowMs: number): boolean =>
  deletionTimestamp !== undefined && Date.parse(deletionTimestamp) + DELETION_LEEWAY_MS <= nowMs;

function userOf(claims: TokenClaims): UserInfo {
  const { namespace, serviceaccount } = claims.kubernetes;
  const extra = extraOf(claims);
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function extraOf({ jti, kubernetes: { pod, node } }: TokenClaims): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  const add = (key: string, value: string | undefined) => {
    if (value) extra[`${EXTRA}/${key}`] = [value];
  };
  add('credential-id', jti && `JTI=${jti}`);
  add('pod-name', pod?.name);
  add('pod-uid', pod?.uid);
  add('node-name', node?.name);
  add('node-uid', node && 'uid' in node ? node.uid : undefined);
  return extra;
}
