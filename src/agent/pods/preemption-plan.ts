import { qosClassOf } from '../../api/core/pod-qos.ts';
import { podRequests } from '../../api/core/pod-resources.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { formatQuantity, milliValue, quantityValue } from '../../base/quantity.ts';
import { planAdmission, type Rejection, type Shortage } from './admission-plan.ts';
import { isCritical } from './config/resources-plan.ts';

/** Why a pod that runs has to go. `disruption`: message of its DisruptionTarget condition. */
export interface Eviction {
  readonly reason: string;
  readonly message: string;
  readonly disruption: string;
}

export const PREEMPTED: Eviction = {
  reason: 'Preempting',
  message: 'Preempted in order to admit critical pod',
  disruption: 'Pod was preempted by Kubelet to accommodate a critical pod.',
};

/**
 * What becomes of a pod that was bound to the node: refused, or let in once `victims` are gone. A critical pod is never refused for want of resources that
 * weaker pods hold.
 */
export function planEntry(pod: Pod, node: Node | undefined, others: readonly Pod[]): Rejection | { readonly victims: readonly Pod[] } {
  const obstacles = planAdmission(pod, node, others);
  const [first] = obstacles;
  if (!first) return { victims: [] };
  if (!isCritical(pod)) return first;
  const unmovable = obstacles.find(({ shortage }) => !shortage);
  if (unmovable) return unmovable;
  const shortages = obstacles.flatMap(({ shortage }) => shortage ?? []);
  const plan = planPreemption(pod, others, shortages);
  return 'error' in plan ? unexpected(plan.error) : plan;
}

const unexpected = (why: string): Rejection => ({
  reason: 'UnexpectedAdmissionError',
  message: `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: ${why}`,
});

/** How much of each resource has to become free. Never zero or less. */
type Needs = ReadonlyMap<string, number>;

/**
 * Which pods make room for a critical one that does not fit: as few as will do, best-effort pods before burstable before guaranteed ones; of two that bring the
 * need as close to nothing, the one that asks for less. Or why none will do.
 * Source: Kubernetes, CriticalPodAdmissionHandler (pkg/kubelet/preemption).
 */
function planPreemption(
  pod: Pod,
  others: readonly Pod[],
  shortages: readonly Shortage[],
): { readonly victims: readonly Pod[] } | { readonly error: string } {
  const needs: Needs = new Map(shortages.map(({ resource, requested, used, capacity }) => [resource, requested - (capacity - used)]));
  const weaker = others.filter((other) => isWeaker(other, pod));
  const ofClass = (qos: string) => weaker.filter(({ spec }) => spec && qosClassOf(spec) === qos);
  const [bestEffort, burstable, guaranteed] = [ofClass('BestEffort'), ofClass('Burstable'), ofClass('Guaranteed')];
  const unmet = less(needs, weaker);
  if (unmet.size > 0) return { error: `no set of running pods found to reclaim resources: ${spell(unmet)}` };
  const strongest = closest(guaranteed, less(needs, [...bestEffort, ...burstable]));
  const middle = closest(burstable, less(needs, [...bestEffort, ...strongest]));
  const weakest = closest(bestEffort, less(needs, [...middle, ...strongest]));
  return { victims: [...weakest, ...middle, ...strongest] };
}

function isWeaker(pod: Pod, than: Pod): boolean {
  if (isCritical(than) && !isCritical(pod)) return true;
  const [own, other] = [pod.spec?.priority, than.spec?.priority];
  return own !== undefined && other !== undefined && other > own;
}

/** The needs are met by all of `candidates` together. */
function closest(candidates: readonly Pod[], needs: Needs): Pod[] {
  const left = [...candidates];
  const chosen: Pod[] = [];
  for (let open = needs; open.size > 0 && left.length > 0; ) {
    const best = left.reduce((a, b) => (isBetter(b, a, open) ? b : a));
    left.splice(left.indexOf(best), 1);
    chosen.push(best);
    open = less(open, [best]);
  }
  return chosen;
}

function isBetter(pod: Pod, than: Pod, needs: Needs): boolean {
  const [own, other] = [distance(pod, needs), distance(than, needs)];
  return own < other || (own === other && isSmaller(pod, than));
}

/** 0: it alone meets all needs. Each need counts the same, however large its numbers are. */
function distance(pod: Pod, needs: Needs): number {
  const shares = [...needs].map(([resource, amount]) => Math.max(0, amount - requestOf(pod, resource)) / amount);
  return shares.reduce((sum, share) => sum + share ** 2, 0);
}

function isSmaller(pod: Pod, than: Pod): boolean {
  const differing = ['memory', 'cpu'].find((resource) => requestOf(pod, resource) !== requestOf(than, resource));
  return differing === undefined || requestOf(pod, differing) < requestOf(than, differing);
}

function less(needs: Needs, gone: readonly Pod[]): Needs {
  const left = [...needs].map(([name, amount]) => [name, gone.reduce((rest, pod) => rest - requestOf(pod, name), amount)] as const);
  return new Map(left.filter(([, amount]) => amount > 0));
}

/** A pod's overhead counts with what it asks for, not alone. */
function requestOf(pod: Pod, resource: string): number {
  if (resource === 'pods') return 1;
  const own = podRequests(pod, { overhead: false })[resource];
  if (!own || own.nanos === 0n) return 0;
  const quantity = formatQuantity(podRequests(pod)[resource] ?? own);
  return resource === 'cpu' ? milliValue(quantity) : quantityValue(quantity);
}

const spell = (needs: Needs): string => `[${[...needs].map(([resource, amount]) => `(res: ${resource}, q: ${amount}), `).join('')}]`;
