import { type Amounts, podLimits, podRequests, toAmounts } from '../../../api/core/pod-resources.ts';
import type { LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../../api/schema/generated/types.ts';
import { canonicalQuantity, compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../../../base/quantity.ts';

/** One bound of one item, and what is held against it. */
interface Bound {
  readonly type: string;
  readonly name: string;
  readonly enforced: string;
  readonly request: Quantity | undefined;
  readonly limit: Quantity | undefined;
}

type Check = (bound: Bound) => string | undefined;

const NANOS_PER_UNIT = 1_000_000_000n;
const below = (amount: Quantity, { enforced }: Bound) => compareQuantities(amount, parseQuantity(enforced)) < 0;
const above = (amount: Quantity, { enforced }: Bound) => compareQuantities(amount, parseQuantity(enforced)) > 0;
const usage = (word: string, { name, type, enforced }: Bound) => `${word} ${name} usage per ${type} is ${canonicalQuantity(enforced)}`;

const checkMin: Check = (bound) => {
  const { request, limit } = bound;
  if (!request) return `${usage('minimum', bound)}.  No request is specified`;
  if (below(request, bound)) return `${usage('minimum', bound)}, but request is ${formatQuantity(request)}`;
  return limit && below(limit, bound) ? `${usage('minimum', bound)}, but limit is ${formatQuantity(limit)}` : undefined;
};

const checkMax: Check = (bound) => {
  const { request, limit } = bound;
  if (!limit) return `${usage('maximum', bound)}.  No limit is specified`;
  if (above(limit, bound)) return `${usage('maximum', bound)}, but limit is ${formatQuantity(limit)}`;
  return request && above(request, bound) ? `${usage('maximum', bound)}, but request is ${formatQuantity(request)}` : undefined;
};

/** Claims have no limits: their request is what counts. */
const checkMaxRequest: Check = (bound) => {
  const { request } = bound;
  if (!request) return `${usage('maximum', bound)}.  No request is specified`;
  return above(request, bound) ? `${usage('maximum', bound)}, but request is ${formatQuantity(request)}` : undefined;
};

const checkRatio: Check = ({ type, name, enforced, request, limit }) => {
  const rule = `${name} max limit to request ratio per ${type} is ${canonicalQuantity(enforced)}`;
  if (!request?.nanos) return `${rule}, but no request is specified or request is 0`;
  if (!limit?.nanos) return `${rule}, but no limit is specified or limit is 0`;
  if (limit.nanos * NANOS_PER_UNIT <= parseQuantity(enforced).nanos * request.nanos) return undefined;
  return `${rule}, but provided ratio is ${(Number(limit.nanos) / Number(request.nanos)).toFixed(6)}`;
};

interface Held {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

const against = (type: string, bounds: Readonly<Record<string, string>> | undefined, { requests, limits }: Held, check: Check): string[] =>
  Object.entries(bounds ?? {}).flatMap(
    ([name, enforced]) => check({ type, name, enforced, request: requests[name], limit: limits[name] }) ?? [],
  );

const allBounds = ({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, held: Held): string[] => [
  ...against(type, min, held, checkMin),
  ...against(type, max, held, checkMax),
  ...against(type, maxLimitRequestRatio, held, checkRatio),
];

const isCpuOrMemory = (name: string) => name === 'cpu' || name === 'memory';

/** What the range has against the pod: its containers and init containers one by one, and the pod as a whole without overhead. */
export function podFindings(pod: Pod, { spec }: LimitRange): string[] {
  const whole: Held = {
    requests: podRequests(pod, { overhead: false, podLevel: isCpuOrMemory }),
    limits: podLimits(pod, { overhead: false, podLevel: isCpuOrMemory }),
  };
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(({ resources }) => ({
    requests: toAmounts(resources?.requests),
    limits: toAmounts(resources?.limits),
  }));
  return unique(
    (spec?.limits ?? []).flatMap((item) => {
      if (item.type === 'Container') return containers.flatMap((held) => allBounds(item, held));
      return item.type === 'Pod' ? allBounds(item, whole) : [];
    }),
  );
}

export function claimFindings({ spec: claim }: PersistentVolumeClaim, { spec }: LimitRange): string[] {
  const held: Held = { requests: toAmounts(claim?.resources?.requests), limits: {} };
  const items = (spec?.limits ?? []).filter(({ type }) => type === 'PersistentVolumeClaim');
  return unique(
    items.flatMap(({ type, min, max }) => [...against(type, min, held, checkMin), ...against(type, max, held, checkMaxRequest)]),
  );
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
