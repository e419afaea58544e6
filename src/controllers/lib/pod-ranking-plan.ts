import type { Pod } from '../../api/schema/generated/types.ts';
import { isReady, readySinceMs } from './pod-state-plan.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

const costOf = (pod: Pod) => {
  const cost = Number(pod.metadata?.annotations?.[DELETION_COST] ?? 0);
  return Number.isSafeInteger(cost) ? cost : 0;
};
const restartsOf = (pod: Pod) => (pod.status?.containerStatuses ?? []).reduce((sum, c) => sum + c.restartCount, 0);
const createdMs = (pod: Pod) => Date.parse(pod.metadata?.creationTimestamp ?? '') || 0;

/** Ages count on a logarithmic scale (KEP-2185): a pod of ten days is about as old as one of twelve. */
const ageRank = (sinceMs: number, nowMs: number) => Math.floor(Math.log2(Math.max((nowMs - sinceMs) * 1e6, 1)));

/**
 * The pods in the order in which a scale-down takes them: unassigned, pending, not ready, cheap, crowded on a node, ready or created
 * lately, restarted often (upstream: ActivePodsWithRanks). `crowd`: how many related pods run on each node.
 */
export function rankForDeletion(pods: readonly Pod[], crowd: ReadonlyMap<string, number>, nowMs: number): Pod[] {
  const crowdOf = (pod: Pod) => crowd.get(pod.spec?.nodeName ?? '') ?? 0;
  const criteria: ((pod: Pod) => number)[] = [
    (pod) => (pod.spec?.nodeName ? 1 : 0),
    (pod) => PHASE_ORDER[pod.status?.phase ?? 'Pending'] ?? 0,
    (pod) => (isReady(pod) ? 1 : 0),
    costOf,
    (pod) => -crowdOf(pod),
    (pod) => ageRank(readySinceMs(pod) ?? nowMs, nowMs),
    (pod) => -restartsOf(pod),
    (pod) => ageRank(createdMs(pod), nowMs),
  ];
  const ranked = pods.map((pod) => ({ pod, ranks: criteria.map((criterion) => criterion(pod)) }));
  ranked.sort((a, b) => {
    for (let i = 0; i < criteria.length; i += 1) {
      const difference = (a.ranks[i] ?? 0) - (b.ranks[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return (a.pod.metadata?.uid ?? '') < (b.pod.metadata?.uid ?? '') ? -1 : 1;
  });
  return ranked.map(({ pod }) => pod);
}
