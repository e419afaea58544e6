import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { Pod, PodDisruptionBudget } from '../../api/schema/generated/types.ts';

/**
 * May this pod be evicted? Source: Kubernetes, "API-initiated Eviction" and "Specifying a Disruption Budget".
 * `budget`: allowed once this budget has counted the disruption.
 */
export type EvictionPlan =
  | { readonly do: 'evict' }
  | { readonly do: 'count'; readonly budget: PodDisruptionBudget }
  | { readonly do: 'refuse'; readonly error: ApiError };

/** More disruptions than this at once mean that nobody keeps the budget up to date. */
const MAX_DISRUPTED_PODS = 2000;

export function planEviction(pod: Pod, budgets: readonly PodDisruptionBudget[]): EvictionPlan {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata?.deletionTimestamp) return { do: 'evict' };
  const concerned = budgets.filter(({ spec }) => labelSelectorMatcher(spec?.selector)(pod.metadata?.labels));
  const [budget] = concerned;
  if (!budget) return { do: 'evict' };
  if (concerned.length > 1) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    return { do: 'refuse', error: new ApiError('InternalError', message) };
  }
  if (!isReady(pod) && mayEvictUnready(budget)) return { do: 'evict' };
  return spend(budget);
}

function spend(budget: PodDisruptionBudget): EvictionPlan {
  const { status, metadata } = budget;
  const name = metadata?.name ?? '';
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    return refuse(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (Object.keys(status?.disruptedPods ?? {}).length > MAX_DISRUPTED_PODS)
    return refuse(`DisruptedPods map too big - too many evictions not confirmed by PDB controller`);
  if ((status?.disruptionsAllowed ?? 0) > 0) return { do: 'count', budget };
  return refuse(
    `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`,
  );
}

function refuse(cause: string, retryAfterSeconds?: number): EvictionPlan {
  const details = { causes: [{ reason: 'DisruptionBudget', message: cause }], ...(retryAfterSeconds && { retryAfterSeconds }) };
  return {
    do: 'refuse',
    error: new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", { details }),
  };
}

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** KEP-3017: unready pods may go when the policy says always, or when the others are healthy enough. */
function mayEvictUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (status?.desiredHealthy ?? 0) > 0 && (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0);
}
