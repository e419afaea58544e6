import type { Pod, PodCondition } from '../../api/schema/generated/types.ts';

export const podCondition = (pod: Pod, type: string): PodCondition | undefined => pod.status?.conditions?.find((c) => c.type === type);

export const isReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True';

export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** A node did not let it in: nothing of it ever ran. */
export const isRefused = ({ status }: Pod): boolean =>
  status?.phase === 'Failed' && status.reason !== undefined && !status.containerStatuses?.length;

/** Counts towards what a controller wants: neither finished nor going. */
export const isActive = (pod: Pod): boolean => !isFinished(pod) && !pod.metadata?.deletionTimestamp;

/** Milliseconds since the epoch of the last turn to Ready; undefined when it is not ready. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = podCondition(pod, 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime ?? pod.metadata?.creationTimestamp ?? '') : undefined;
}

/**
 * When the pod counts as available: ready for minReadySeconds. undefined: not ready. Without minReadySeconds it always did: the pod's clock may be ahead of ours.
 */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (minReadySeconds === 0) return isReady(pod) ? Number.NEGATIVE_INFINITY : undefined;
  const since = readySinceMs(pod);
  return since === undefined ? undefined : since + minReadySeconds * 1000;
}
