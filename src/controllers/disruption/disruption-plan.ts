import { withAllowance } from '../../api/policy/disruption-condition.ts';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { isReady, podCondition } from '../lib/pod-state-plan.ts';
import { canonical } from '../lib/template-hash-plan.ts';

/** A pod that was evicted and is still not being deleted after this long counts again (upstream: DeletionTimeout). */
export const DELETION_TIMEOUT_MS = 120_000;

/** Must the scale of the pods' controllers be known? A number of pods that must stay is compared with the pods that there are. */
export const needsScale = ({ spec }: PodDisruptionBudget): boolean =>
  spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';

/** A number, or a percentage of all, rounded up. Throws when it is neither. */
function scaled(value: number | string, total: number): number {
  if (typeof value === 'number') return value;
  if (!/^[0-9]+%$/.test(value)) throw new Error(`invalid value for IntOrString: invalid type: string is not a percentage: ${value}`);
  return Math.ceil((Number.parseInt(value, 10) * total) / 100);
}

/** How many pods must stay healthy. */
function desiredOf({ spec }: PodDisruptionBudget, expected: number): number {
  if (spec?.maxUnavailable !== undefined) return Math.max(0, expected - scaled(spec.maxUnavailable, expected));
  return spec?.minAvailable === undefined ? 0 : scaled(spec.minAvailable, expected);
}

export interface Observed {
  readonly budget: PodDisruptionBudget;
  /** All pods that the selector matches. */
  readonly pods: readonly Pod[];
  /** The sum of the scales of the pods' controllers; looked at when needsScale. */
  readonly scale: number;
  readonly nowMs: number;
}

export interface BudgetPlan {
  /** undefined: it is right already. */
  readonly status: PodDisruptionBudgetStatus | undefined;
  /** When the first evicted pod counts again unless it goes. */
  readonly afterMs: number | undefined;
  /** Evicted, but nobody deleted them. */
  readonly notDeleted: readonly Pod[];
}

interface Disrupted {
  readonly kept: Readonly<Record<string, string>>;
  readonly notDeleted: readonly Pod[];
  readonly expiresMs: readonly number[];
}

function disruptedPods({ budget, pods, nowMs }: Observed): Disrupted {
  const kept: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  const expiresMs: number[] = [];
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '';
    const since = budget.status?.disruptedPods?.[name];
    if (since === undefined || pod.metadata?.deletionTimestamp) continue;
    const expires = Date.parse(since) + DELETION_TIMEOUT_MS;
    if (expires <= nowMs) {
      notDeleted.push(pod);
      continue;
    }
    kept[name] = since;
    expiresMs.push(expires);
  }
  return { kept, notDeleted, expiresMs };
}

/** The status of a budget (https://kubernetes.io/docs/tasks/run-application/configure-pdb/). Throws when it names what is no number of pods. */
export function planBudget(observed: Observed): BudgetPlan {
  const { budget, pods, scale, nowMs } = observed;
  const { spec, status: old, metadata } = budget;
  const isCounted = spec?.minAvailable !== undefined || spec?.maxUnavailable !== undefined;
  const expectedPods = isCounted ? (needsScale(budget) ? scale : pods.length) : 0;
  const desiredHealthy = desiredOf(budget, expectedPods);
  const { kept, notDeleted, expiresMs } = disruptedPods(observed);
  const currentHealthy = pods.filter(
    (pod) => !pod.metadata?.deletionTimestamp && !Object.hasOwn(kept, pod.metadata?.name ?? '') && isReady(pod),
  ).length;
  const counted: PodDisruptionBudgetStatus = {
    currentHealthy,
    desiredHealthy,
    // A budget without pods allows nothing: its first pods may come before their status is counted.
    disruptionsAllowed: expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0,
    expectedPods,
    observedGeneration: metadata?.generation,
    ...(Object.keys(kept).length > 0 && { disruptedPods: kept }),
    ...(old?.conditions && { conditions: old.conditions }),
  };
  const status = withAllowance(counted, rfc3339(nowMs));
  return {
    status: canonical(status) === canonical(old) ? undefined : status,
    afterMs: expiresMs.length > 0 ? Math.min(...expiresMs) - nowMs : undefined,
    notDeleted,
  };
}

/**
 * Milliseconds until the condition DisruptionTarget of a pod says nothing any more: what was about to end the pod did not. 0 or less: it is
 * stale. undefined: it has none, or one that stays (the kubelet's own may take long; pods that ended keep theirs).
 */
export function disruptionTargetExpiresInMs(pod: Pod, nowMs: number): number | undefined {
  const condition = podCondition(pod, 'DisruptionTarget');
  const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if (pod.metadata?.deletionTimestamp || hasEnded) return undefined;
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
  return (Date.parse(condition.lastTransitionTime ?? '') || 0) + DELETION_TIMEOUT_MS - nowMs;
}
