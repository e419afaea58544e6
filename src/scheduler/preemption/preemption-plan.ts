import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import type { Pod, PodDisruptionBudget } from '../../api/schema/generated/types.ts';

/** A node where a pod would fit if these pods left, most important first. At least one. */
export interface PreemptionCandidate<V> {
  readonly nodeName: string;
  readonly victims: readonly V[];
  /** How many of them no PodDisruptionBudget lets go. */
  readonly violations: number;
}

const priorityOf = ({ spec }: Pod): number => spec?.priority ?? 0;
/** A pod that has not started yet is the youngest. */
const startOf = ({ status }: Pod): number => (status?.startTime ? Date.parse(status.startTime) : Number.POSITIVE_INFINITY);

/** Negative when `a` is more important: its priority is higher, or it has run for longer. */
export const byImportance = (a: Pod, b: Pod): number => {
  if (priorityOf(a) !== priorityOf(b)) return priorityOf(b) - priorityOf(a);
  const [startA, startB] = [startOf(a), startOf(b)];
  return startA === startB ? 0 : startA - startB;
};

/**
 * The pods that would exceed what their budgets allow, when all of them left in this order, apart from the others. Pods that the budget's status names as
 * being evicted already are counted there.
 */
export function splitByBudgets<V extends { readonly pod: Pod }>(
  pods: readonly V[],
  budgets: readonly PodDisruptionBudget[],
): { readonly violating: readonly V[]; readonly others: readonly V[] } {
  const allowed = budgets.map((budget) => ({
    namespace: budget.metadata?.namespace,
    disrupted: budget.status?.disruptedPods ?? {},
    selects: isEmpty(budget.spec?.selector) ? () => false : labelSelectorMatcher(budget.spec?.selector),
    left: budget.status?.disruptionsAllowed ?? 0,
  }));
  const violating: V[] = [];
  const others: V[] = [];
  for (const each of pods) {
    const { name = '', namespace, labels } = each.pod.metadata ?? {};
    let isViolating = false;
    for (const budget of Object.keys(labels ?? {}).length > 0 ? allowed : []) {
      if (budget.namespace !== namespace || !budget.selects(labels) || name in budget.disrupted) continue;
      budget.left -= 1;
      if (budget.left < 0) isViolating = true;
    }
    (isViolating ? violating : others).push(each);
  }
  return { violating, others };
}

function isEmpty(selector: { matchLabels?: object; matchExpressions?: readonly unknown[] } | undefined): boolean {
  return !selector || (Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length);
}

/**
 * Of pods that have all left, those that must: each is asked back in this order, and stays when the pod still fits. `takeBack` adds one and says whether it
 * fits; when it does not, it has been taken away again.
 */
export function keepOut<V>(pods: readonly V[], takeBack: (pod: V) => boolean): readonly V[] {
  return pods.filter((pod) => !takeBack(pod));
}

/** Makes priorities positive, so that a sum grows with each victim. */
const PRIORITY_OFFSET = 2 ** 31;

type Cost<V> = (candidate: PreemptionCandidate<V>) => number;

/** Of the victims of highest priority, the one that has run for longest: the later it started, the less is lost. */
function earliestStart(victims: readonly Pod[]): number {
  const highest = Math.max(...victims.map(priorityOf));
  return Math.min(...victims.filter((pod) => priorityOf(pod) === highest).map(startOf));
}

/**
 * The candidate that costs least (Kubernetes: "Pod Priority and Preemption"): fewest violated budgets, then the least important victim at the top, the
 * smallest sum of priorities, the fewest victims, the latest start; the first of equals.
 */
export function pickCandidate<V extends { readonly pod: Pod }>(
  candidates: readonly PreemptionCandidate<V>[],
): PreemptionCandidate<V> | undefined {
  const podsOf = ({ victims }: PreemptionCandidate<V>) => victims.map(({ pod }) => pod);
  const costs: readonly Cost<V>[] = [
    ({ violations }) => violations,
    (candidate) => Math.max(...podsOf(candidate).map(priorityOf)),
    (candidate) => podsOf(candidate).reduce((sum, pod) => sum + priorityOf(pod) + PRIORITY_OFFSET, 0),
    ({ victims }) => victims.length,
    (candidate) => -earliestStart(podsOf(candidate)),
  ];
  let left = candidates;
  for (const cost of costs) {
    if (left.length <= 1) break;
    const measured = left.map(cost);
    const least = Math.min(...measured);
    left = left.filter((_, i) => measured[i] === least);
  }
  return left[0];
}

/** How many candidates are enough to choose from. */
export const candidatesToFind = (nodeCount: number, { percentage, absolute }: { percentage: number; absolute: number }): number =>
  Math.min(Math.max(Math.trunc((nodeCount * percentage) / 100), absolute), nodeCount);
