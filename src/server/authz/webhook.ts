import { LRUCache } from 'lru-cache';
import type { FieldRequirement, LabelOperator, LabelRequirement } from '../../api/meta/selectors.ts';
import type { SubjectAccessReview, SubjectAccessReviewSpec } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Outbound, OutboundEndpoint } from '../outbound/outbound.ts';
import { askReview } from '../outbound/review-call.ts';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from '../ports.ts';
import { type MatchCondition, matchesAll } from './match-conditions.ts';

export interface WebhookAuthorization {
  readonly endpoint: OutboundEndpoint;
  /** Of SubjectAccessReview. */
  readonly version: 'v1' | 'v1beta1';
  /** How long an answer is believed that allows, and one that does not. */
  readonly authorizedMs: number;
  readonly unauthorizedMs: number;
  /** Of one call. Absent: 30 s. */
  readonly timeoutMs?: number;
  /** What it counts as when it does not answer, or when its conditions cannot be told. Absent: NoOpinion. */
  readonly failurePolicy?: 'NoOpinion' | 'Deny';
  /** Asked about no request for which one of these does not hold. */
  readonly conditions?: readonly MatchCondition[];
}

export interface WebhookTools {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Logger;
}

type Answer = NonNullable<SubjectAccessReview['status']>;

const CACHED_ANSWERS = 8192;
/** Answers about longer requests are not kept (upstream's bound). */
const LONGEST_KEY = 10_000;
const NO_OPINION: AuthorizationDecision = { allowed: false, reason: '' };

/** Asks a SubjectAccessReview webhook. (Kubernetes: Webhook Mode.) */
export function webhookAuthorizer(
  { endpoint, version, authorizedMs, unauthorizedMs, timeoutMs, failurePolicy, conditions = [] }: WebhookAuthorization,
  { outbound, clock, log }: WebhookTools,
): Authorizer {
  const answers = new LRUCache<string, Answer>({ max: CACHED_ANSWERS, ttlResolution: 0, perf: { now: () => clock.now() } });
  const failed = (error: string): AuthorizationDecision => ({
    allowed: false,
    ...(failurePolicy === 'Deny' && { denied: true }),
    reason: '',
    error,
  });
  const ask = async (spec: SubjectAccessReviewSpec, key: string): Promise<AuthorizationDecision> => {
    const review = {
      apiVersion: `authorization.k8s.io/${version}`,
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: inVersion(spec, version),
    };
    try {
      const { status = { allowed: false } } = (await askReview(outbound, endpoint, review, { clock, timeoutMs })) as SubjectAccessReview;
      const ttl = status.allowed ? authorizedMs : unauthorizedMs;
      if (ttl > 0 && key.length < LONGEST_KEY) answers.set(key, status, { ttl });
      return decisionOf(status);
    } catch (error) {
      log.error({ error }, 'the webhook for authorization does not answer');
      return failed(error instanceof Error ? error.message : String(error));
    }
  };
  return (attributes) => {
    const spec = specOf(attributes);
    const matches = matchesAll(conditions, spec);
    if (matches === false) return NO_OPINION;
    if (matches !== true) return failed(matches.error);
    const key = JSON.stringify(spec);
    const known = answers.get(key);
    return known ? decisionOf(known) : ask(spec, key);
  };
}

function decisionOf({ allowed, denied, reason = '' }: Answer): AuthorizationDecision {
  if (denied && allowed) {
    return { allowed: false, denied: true, reason, error: 'webhook subject access review returned both allow and deny response' };
  }
  return { allowed: allowed === true, ...(denied && { denied }), reason };
}

/** v1beta1 says `group` for `groups`. */
function inVersion(spec: SubjectAccessReviewSpec, version: 'v1' | 'v1beta1'): object {
  const { groups, ...rest } = spec;
  return version === 'v1' ? spec : { ...rest, ...(groups && { group: groups }) };
}

/** What is asked, as a SubjectAccessReview says it. */
export function specOf(attributes: AuthorizationAttributes): SubjectAccessReviewSpec {
  const { user, verb } = attributes;
  const who = {
    user: user.name,
    ...(user.uid && { uid: user.uid }),
    ...(user.groups.length > 0 && { groups: [...user.groups] }),
    ...(user.extra && { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
  };
  if (attributes.path !== undefined) return { ...who, nonResourceAttributes: { path: attributes.path, verb } };
  const { namespace, group, version, resource, subresource, name, fields = [], labels = [] } = attributes;
  const said = Object.entries({ namespace, verb, group, version, resource, subresource, name }).filter(([, value]) => value !== '');
  const fieldSelector = fields.length > 0 && { requirements: fields.map(fieldRequirement) };
  const known = labels.flatMap(labelRequirement);
  return {
    ...who,
    resourceAttributes: {
      ...Object.fromEntries(said),
      ...(fieldSelector && { fieldSelector }),
      ...(known.length > 0 && { labelSelector: { requirements: known } }),
    },
  };
}

const fieldRequirement = ({ field, op, value }: FieldRequirement) => ({
  key: field,
  operator: op === '=' ? 'In' : 'NotIn',
  values: [value],
});

const LABEL_OPERATORS: Partial<Record<LabelOperator, string>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
};

/** Comparisons cannot be said; requirements only narrow, so that leaving one out asks for more. */
function labelRequirement({ key, operator, values }: LabelRequirement) {
  const said = LABEL_OPERATORS[operator];
  return said ? [{ key, operator: said, ...(values.length > 0 && { values: [...values] }) }] : [];
}
