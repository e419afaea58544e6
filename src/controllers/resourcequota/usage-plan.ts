import { type Amounts, addAmounts } from '../../api/core/pod-resources.ts';
import { countedResources, evaluatorFor, hardNames, masked, type QuotaView, quotaMatches } from '../../api/quota/quota.ts';
import type { ResourceQuota } from '../../api/schema/generated/types.ts';
import { formatQuantity, isQuantity, parseQuantity, type Quantity } from '../../base/quantity.ts';

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' };

/** What the quota counts: `pods`, `deployments.apps`. Kinds that are not served are not among them. */
export const countedBy = (quota: ResourceQuota): string[] => [...new Set(hardNames(quota).flatMap(countedResources))];

export interface UsagePlan {
  readonly status: NonNullable<ResourceQuota['status']>;
  /** When less is used without any change; undefined: never. */
  readonly fadesAtMs: number | undefined;
}

/** The status that tells what is used. */
export function planUsage(quota: ResourceQuota, view: QuotaView, nowMs: number): UsagePlan {
  const names = hardNames(quota);
  const used: Amounts = Object.fromEntries(names.filter((name) => countedResources(name).length > 0).map((name) => [name, ZERO]));
  let fadesAtMs: number | undefined;
  for (const resource of countedBy(quota)) {
    const evaluator = evaluatorFor(resource);
    if (!evaluator) continue;
    for (const object of view.list(resource, quota.metadata?.namespace)) {
      if (!quotaMatches(quota, evaluator, object)) continue;
      addAmounts(used, masked(evaluator.usage(object, nowMs, view), names));
      const atMs = evaluator.fadesAt?.(object);
      if (atMs !== undefined && atMs >= nowMs) fadesAtMs = Math.min(atMs, fadesAtMs ?? atMs);
    }
  }
  const status = {
    hard: { ...quota.spec?.hard },
    used: Object.fromEntries(Object.entries(used).map(([name, amount]) => [name, formatQuantity(amount)])),
  };
  return { status, fadesAtMs };
}

type List = Readonly<Record<string, string>> | undefined;

const sameAmounts = (a: List = {}, b: List = {}): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(
    ([name, text]) => isQuantity(b[name] ?? '') && isQuantity(text) && parseQuantity(b[name] ?? '').nanos === parseQuantity(text).nanos,
  );

/** Does the quota's status say the same already? How amounts are written does not matter. */
export const isUpToDate = ({ status }: ResourceQuota, wanted: UsagePlan['status']): boolean =>
  status?.used !== undefined && sameAmounts(status.hard, wanted.hard) && sameAmounts(status.used, wanted.used);
