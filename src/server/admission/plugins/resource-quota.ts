import { resourceId } from '../../../api/define.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import {
  evaluatorFor,
  exceeds,
  hardNames,
  increase,
  masked,
  type QuotaEvaluator,
  type QuotaWrite,
  quotaMatches,
} from '../../../api/quota/quota.ts';
import type { Clock } from '../../../base/clock.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../ports.ts';
import type { LimitedResource } from '../configuration/resource-quota.ts';
import type { QuotaLedger } from '../quota/ledger.ts';
import { QuotaLedgers } from '../quota/ledgers.ts';
import { requireCovered } from '../quota/limited.ts';
import { refusal } from '../request.ts';

/** A request under way: `uid` was given before admission, so that its object is the one that events will tell of. */
interface Reservation {
  readonly resource: string;
  readonly object: KubeObject;
  readonly namespace: string;
}

/**
 * Refuses what does not fit under the quotas of its namespace, and counts at once what does: requests that come at the same time never get more
 * than there is. The last of all plugins, so that nobody else refuses what was counted.
 */
export const resourceQuota = (
  objects: ObjectReader,
  clock: Clock,
  limited: readonly LimitedResource[] = [],
): AdmissionPlugin & Disposable => {
  const ledgers = new QuotaLedgers(objects, clock);
  const reservations = new WeakMap<AdmissionRequest, Reservation>();
  return {
    name: 'ResourceQuota',
    validate(admission) {
      const { request } = admission;
      const write = writeOf(admission);
      if (!write || !request.namespace) return;
      const resource = resourceId({ group: request.group, plural: request.resource });
      const evaluator = evaluatorFor(resource);
      if (!evaluator?.handles(write)) return;
      const open = ledgers.of(request.namespace);
      if (open.length === 0 && limited.length === 0) return;
      const charged = chargedBy(admission, write, evaluator, open, { nowMs: clock.now(), view: objects, limited });
      if (charged.length === 0 || request.options?.dryRun) return;
      for (const ledger of charged) ledger.reserve(resource, write.object, write.old, clock.now());
      reservations.set(admission, { resource, object: write.object, namespace: request.namespace });
    },
    settled(admission) {
      const reserved = reservations.get(admission);
      if (!reserved) return;
      for (const ledger of ledgers.opened(reserved.namespace)) ledger.settle(reserved.resource, reserved.object, clock.now());
      reservations.delete(admission);
    },
    [Symbol.dispose]: () => ledgers[Symbol.dispose](),
  };
};

function writeOf({ operation, request, object, old }: AdmissionRequest): QuotaWrite | undefined {
  if ((operation !== 'CREATE' && operation !== 'UPDATE') || !object) return undefined;
  return { operation, subresource: request.subresource ?? '', object, old };
}

/** The ledgers that the write uses more of than before. Throws Forbidden when a quota has no room for it, or does not learn what it needs to know. */
function chargedBy(
  admission: AdmissionRequest,
  { object, old, subresource }: QuotaWrite,
  evaluator: QuotaEvaluator,
  ledgers: readonly QuotaLedger[],
  { nowMs, view, limited }: { nowMs: number; view: ObjectReader; limited: readonly LimitedResource[] },
): QuotaLedger[] {
  const concerned = ledgers.filter(({ quota }) => quotaMatches(quota, evaluator, object));
  for (const { quota } of concerned) {
    const counted = hardNames(quota).filter((name) => evaluator.counts(name));
    const missing = evaluator.missing?.(counted, object);
    if (missing) throw refusal(admission, `failed quota: ${quota.metadata?.name}: ${missing}`);
  }
  const usedBefore = (counts: boolean) => (old && counts ? evaluator.usage(old, nowMs, view) : {});
  if (limited.length > 0) {
    const usage = evaluator.usage(object, nowMs, view);
    const counting = concerned.map(({ quota }) => quota);
    const befores = counting.length === 0 ? [true] : counting.map((quota) => old !== undefined && quotaMatches(quota, evaluator, old));
    if (befores.some((before) => Object.keys(increase(usage, usedBefore(before))).length > 0)) {
      const used = Object.keys(increase(usage, {}));
      requireCovered(admission, limited, { object, evaluator, used, quotas: ledgers.map(({ quota }) => quota), counting });
    }
  }
  const charged: QuotaLedger[] = [];
  for (const ledger of concerned) {
    const { quota } = ledger;
    const before = usedBefore(old !== undefined && quotaMatches(quota, evaluator, old));
    const more = increase(masked(evaluator.usage(object, nowMs, view), hardNames(quota)), before);
    if (Object.keys(more).length === 0) continue;
    const why = subresource === 'status' ? undefined : exceeds(quota, ledger.used(nowMs), more);
    if (why) throw refusal(admission, why);
    charged.push(ledger);
  }
  return charged;
}
