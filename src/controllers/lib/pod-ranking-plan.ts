import type { ContainerStatus, Pod } from '../../api/schema/generated/types.ts';
import { isReady, readySinceMs } from './pod-state-plan.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

const costOf = (pod: Pod) => {
  const cost = Number(pod.metadata?.annotations?.[DELETION_COST] ?? 0);
  return Number.isSafeInteger(cost) ? cost : 0;
};
/** Of the container that restarted most often: restarts of sidecars count only between pods that are alike otherwise. */
const restartsOf = (pod: Pod) => mostRestarts(pod.status?.containerStatuses);
function sidecarRestartsOf({ spec, status }: Pod): number {
  const sidecars = new Set((spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  return mostRestarts(status?.initContainerStatuses?.filter((c) => sidecars.has(c.name)));
}
const mostRestarts = (statuses: readonly ContainerStatus[] = []) => Math.max(0, ...statuses.map((c) => c.restartCount));
const createdMs = (pod: Pod) => Date.parse(pod.metadata?.creationTimestamp ?? '') || 0;

/** Ages count on a logarithmic scale (KEP-2185): a pod of ten days is about as old as one of twelve. */
const ageRank = (sinceMs: number, nowMs: number) => Math.floor(Math.log2(Math.max((nowMs - sinceMs) * 1e6, 1)));

/** What is compared of a pod, worked out once. */
interface Traits {
  readonly pod: Pod;
  readonly ranks: readonly number[];
  readonly readyMs: number | undefined;
  readonly restarts: readonly number[];
  readonly createdMs: number;
}

/**
 * The pods in the order in which a scale-down takes them: unassigned, pending, not ready, cheap, crowded on a node, ready
 * lately, restarted often, created lately (upstream: ActivePodsWithRanks). `crowd`: how many related pods run on each node.
 */
export function rankForDeletion(pods: readonly Pod[], crowd: ReadonlyMap<string, number>, nowMs: number): Pod[] {
  const traits = pods.map(
    (pod): Traits => ({
      pod,
      ranks: [
        pod.spec?.nodeName ? 1 : 0,
        PHASE_ORDER[pod.status?.phase ?? 'Pending'] ?? 0,
        isReady(pod) ? 1 : 0,
        costOf(pod),
        -(crowd.get(pod.spec?.nodeName ?? '') ?? 0),
      ],
      readyMs: readySinceMs(pod),
      restarts: [-restartsOf(pod), -sidecarRestartsOf(pod)],
      createdMs: createdMs(pod),
    }),
  );
  return traits.sort((a, b) => compare(a, b, nowMs)).map(({ pod }) => pod);
}

function compare(a: Traits, b: Traits, nowMs: number): number {
  return (
    compareLists(a.ranks, b.ranks) ||
    (a.readyMs !== undefined && b.readyMs !== undefined && compareAges(a, b, a.readyMs, b.readyMs, nowMs)) ||
    compareLists(a.restarts, b.restarts) ||
    compareAges(a, b, a.createdMs, b.createdMs, nowMs) ||
    byUid(a, b)
  );
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (const [i, mine] of a.entries()) {
    const difference = mine - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The order in which a Job takes pods away (upstream: ActivePods): as above, but the cost of deletion, other pods and how old is about as old are nothing to it.
 */
export function rankActive(pods: readonly Pod[]): Pod[] {
  const younger = (a: number, b: number) => b - a;
  return [...pods].sort((a, b) => {
    const states = (pod: Pod) => [pod.spec?.nodeName ? 1 : 0, PHASE_ORDER[pod.status?.phase ?? 'Pending'] ?? 0, isReady(pod) ? 1 : 0];
    const restarts = (pod: Pod) => [-restartsOf(pod), -sidecarRestartsOf(pod)];
    return (
      compareLists(states(a), states(b)) ||
      younger(readySinceMs(a) ?? 0, readySinceMs(b) ?? 0) ||
      compareLists(restarts(a), restarts(b)) ||
      younger(createdMs(a), createdMs(b))
    );
  });
}

/** Of two different times of about the same age the uid decides, as good as chance: nothing else is looked at then. */
const compareAges = (a: Traits, b: Traits, aMs: number, bMs: number, nowMs: number) =>
  aMs === bMs ? 0 : ageRank(aMs, nowMs) - ageRank(bMs, nowMs) || byUid(a, b);

const byUid = (a: Traits, b: Traits) => ((a.pod.metadata?.uid ?? '') < (b.pod.metadata?.uid ?? '') ? -1 : 1);
