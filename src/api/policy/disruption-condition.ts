import type { Condition, PodDisruptionBudgetStatus } from '../schema/generated/types.ts';

export const DISRUPTION_ALLOWED = 'DisruptionAllowed';

/** Reasons of the condition DisruptionAllowed (k8s.io/api/policy/v1). */
export const SYNC_FAILED = 'SyncFailed';
const SUFFICIENT_PODS = 'SufficientPods';
const INSUFFICIENT_PODS = 'InsufficientPods';

type Stated = Pick<Condition, 'status' | 'reason' | 'message'>;

export const disruptionCondition = (status: PodDisruptionBudgetStatus | undefined): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === DISRUPTION_ALLOWED);

/** The status with this condition; its time of transition moves when its status does. `now`: RFC 3339. */
export function withDisruptionCondition(status: PodDisruptionBudgetStatus, stated: Stated, now: string): PodDisruptionBudgetStatus {
  const old = disruptionCondition(status);
  const condition: Condition = {
    type: DISRUPTION_ALLOWED,
    ...stated,
    lastTransitionTime: old && old.status === stated.status ? old.lastTransitionTime : now,
    ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }),
  };
  const conditions = status.conditions ?? [];
  return { ...status, conditions: old ? conditions.map((c) => (c === old ? condition : c)) : [...conditions, condition] };
}

/** The status with the condition that goes with its disruptionsAllowed. */
export function withAllowance(status: PodDisruptionBudgetStatus, now: string): PodDisruptionBudgetStatus {
  const isAllowed = (status.disruptionsAllowed ?? 0) > 0;
  const stated = isAllowed
    ? { status: 'True', reason: SUFFICIENT_PODS, message: '' }
    : { status: 'False', reason: INSUFFICIENT_PODS, message: '' };
  return withDisruptionCondition(status, stated, now);
}
