import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { ApiError } from '../../api/meta/status.ts';
import { disruptionCondition, SYNC_FAILED } from '../../api/policy/disruption-condition.ts';
import type { Pod, PodDisruptionBudget } from '../../api/schema/generated/types.ts';

/**
 * May this pod be evicted? Source: Kubernetes, "API-initiated Eviction" and "Specifying a Disruption Budget".
 * `budget`: allowed once this budget has counted the disruption. `unchanged`: allowed because of the pod's state, so only while it is in that
 * state; when it changes meanwhile, plan again (`replan`), or refuse with this error.
 */
export type EvictionPlan =
  | { readonly do: 'evict'; readonly unchanged?: 'replan' | ApiError }
  | { readonly do: 'count'; readonly budget: PodDisruptionBudget }
  | { readonly do: 'refuse'; readonly error: ApiError };

/** More disruptions than this at once mean that nobody keeps the budget up to date. */
const MAX_DISRUPTED_PODS = 2000;

export function planEviction(pod: Pod, budgets: readonly PodDisruptionBudget[]): EvictionPlan {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed' || pod.metadata?.deletionTimestamp) return { do: 'evict' };
  if (phase === 'Pending') return { do: 'evict', unchanged: 'replan' };
  const concerned = budgets.filter(({ spec }) => labelSelectorMatcher(spec?.selector)(pod.metadata?.labels));
  const [budget] = concerned;
  if (!budget) return { do: 'evict' };
  if (concerned.length > 1) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    return { do: 'refuse', error: new ApiError('InternalError', message) };
  }
  if (!isReady(pod) && mayEvictUnready(budget)) return { do: 'evict', unchanged: beingProcessed(budget.metadata?.name ?? '') };
  return spend(budget);
}

function spend(budget: PodDisruptionBudget): EvictionPlan {
  const { status, metadata } = budget;
  const name = metadata?.name ?? '';
  const { disruptionsAllowed = 0, disruptedPods = {}, observedGeneration = 0 } = status ?? {};
  if (observedGeneration < (metadata?.generation ?? 0)) return { do: 'refuse', error: beingProcessed(name) };
  if (disruptionsAllowed < 0) return { do: 'refuse', error: broken(name, 'pdb disruptions allowed is negative') };
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    const error = broken(name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
    return { do: 'refuse', error };
  }
  if (disruptionsAllowed > 0) return { do: 'count', budget };
  return { do: 'refuse', error: tooMany(whyNot(budget)) };
}

/** Counts of a budget that could not be counted are not worth telling. */
function whyNot({ metadata, status }: PodDisruptionBudget): string {
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  const condition = disruptionCondition(status);
  const said = condition?.status === 'False' && condition.message ? condition : undefined;
  const denied = `The disruption budget ${metadata?.name} does not allow evicting pods currently`;
  if (said?.reason === SYNC_FAILED) return `${denied} because it failed sync: ${said.message}`;
  if (currentHealthy <= desiredHealthy) {
    return `The disruption budget ${metadata?.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return said ? `${denied} (${said.reason}): ${said.message}` : denied;
}

function tooMany(cause: string, retryAfterSeconds?: number): ApiError {
  const details = { causes: [{ reason: 'DisruptionBudget', message: cause }], ...(retryAfterSeconds && { retryAfterSeconds }) };
  return new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", { details });
}

const beingProcessed = (name: string) => tooMany(`The disruption budget ${name} is still being processed by the server.`, 10);

const broken = (name: string, why: string) =>
  new ApiError('Forbidden', `poddisruptionbudget.policy "${name}" is forbidden: ${why}`, {
    details: { name, group: 'policy', kind: 'poddisruptionbudget' },
  });

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** KEP-3017: unready pods may go when the policy says always, or when the others are healthy enough. */
function mayEvictUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (status?.desiredHealthy ?? 0) > 0 && (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0);
}
