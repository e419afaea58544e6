import { addQuantities, compareQuantities, formatQuantity, type Quantity } from '../../base/quantity.ts';
import { type Amounts, toAmounts } from '../core/pod-resources.ts';
import type { KubeObject } from '../meta/object.ts';
import type { ResourceQuota } from '../schema/generated/types.ts';
import { claimEvaluator } from './claim-evaluator.ts';
import { objectCount, type QuotaEvaluator, type QuotaView, type Scope } from './evaluator.ts';
import { podEvaluator } from './pod-evaluator.ts';
import { CLASSES, resourceClaimEvaluator } from './resource-claim-evaluator.ts';
import { serviceEvaluator } from './service-evaluator.ts';

export type { QuotaEvaluator, QuotaView, QuotaWrite, Scope } from './evaluator.ts';
export { increase } from './evaluator.ts';

const SPECIAL = [podEvaluator, serviceEvaluator, claimEvaluator, resourceClaimEvaluator] as readonly QuotaEvaluator[];
/** Resources whose content matters: of the others only how many there are, and where. */
export const weighedResources: readonly string[] = [...SPECIAL.map(({ resource }) => resource), CLASSES];

const ALIASED = ['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'];
const COUNT = 'count/';
const evaluators = new Map([...SPECIAL, ...ALIASED.map(objectCount)].map((evaluator) => [evaluator.resource, evaluator]));

/** Nobody counts events: they come and go by themselves. */
const UNCOUNTED = new Set(['events', 'events.events.k8s.io']);

/** How the resource (`pods`, `widgets.example.com`) is counted; every kind can be, by its number. */
export function evaluatorFor(resource: string): QuotaEvaluator | undefined {
  if (UNCOUNTED.has(resource)) return undefined;
  return evaluators.get(resource) ?? objectCount(resource);
}

/** The resources that a quota's entry counts: `pods` for `requests.cpu`. Empty: nobody counts such a thing. */
export function countedResources(name: string): string[] {
  const counting = [...evaluators.values()].filter((evaluator) => evaluator.counts(name));
  if (counting.length > 0) return counting.map(({ resource }) => resource);
  return name.startsWith(COUNT) ? [name.slice(COUNT.length)] : [];
}

/** What an object must match to be counted. */
export const scopesOf = ({ spec }: ResourceQuota): Scope[] => [
  ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
  ...(spec?.scopeSelector?.matchExpressions ?? []),
];

export const hardNames = ({ spec }: ResourceQuota): string[] => Object.keys(spec?.hard ?? {});

/** Does the quota count this object, by what it limits and by its scopes? */
export const quotaMatches = (quota: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject): boolean =>
  hardNames(quota).some((name) => evaluator.counts(name)) && scopesOf(quota).every((scope) => evaluator.matchesScope(scope, object));

/** The part of the amounts that the quota limits. */
export function masked(amounts: Amounts, names: readonly string[]): Amounts {
  const kept: Amounts = {};
  for (const name of names) {
    const amount = amounts[name];
    if (amount) kept[name] = amount;
  }
  return kept;
}

/** What the object uses of the quota; nothing when the quota does not count it. */
export const usageOf = (quota: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject, nowMs: number, view: QuotaView): Amounts =>
  quotaMatches(quota, evaluator, object) ? masked(evaluator.usage(object, nowMs, view), hardNames(quota)) : {};

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' };

/** `pods=1,requests.cpu=200m`, sorted by name. */
export const showAmounts = (amounts: Amounts): string =>
  Object.keys(amounts)
    .sort()
    .map((name) => `${name}=${formatQuantity(amounts[name] ?? ZERO)}`)
    .join(',');

/** Why so much more does not fit under the quota, in upstream's words; undefined when it does. */
export function exceeds(quota: ResourceQuota, used: Amounts, more: Amounts): string | undefined {
  const hard = toAmounts(quota.spec?.hard);
  const exceeded = Object.keys(more).filter((name) => {
    const limit = hard[name];
    const asked = more[name];
    return limit && asked && compareQuantities(addQuantities(used[name] ?? ZERO, asked), limit) > 0;
  });
  if (exceeded.length === 0) return undefined;
  const usedThere = Object.fromEntries(exceeded.map((name) => [name, used[name] ?? ZERO]));
  const [requested, limited] = [masked(more, exceeded), masked(hard, exceeded)].map(showAmounts);
  return `exceeded quota: ${quota.metadata?.name}, requested: ${requested}, used: ${showAmounts(usedThere)}, limited: ${limited}`;
}
