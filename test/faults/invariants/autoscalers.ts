import type { Deployment, V2HorizontalPodAutoscaler } from '../../../src/api/schema/generated/types.ts';
import type { Invariant } from './invariant.ts';

export const withinBounds: Invariant = {
  name: 'a HorizontalPodAutoscaler keeps its target between its least and its most',
  check({ resource, key, before, after, by }, { truth }) {
    if (resource !== 'deployments.apps' || by !== 'horizontal-pod-autoscaler' || !before || !after) return undefined;
    const { minReplicas: min = 1, maxReplicas: max } = truth.get<V2HorizontalPodAutoscaler>('horizontalpodautoscalers.autoscaling', key)
      ?.spec ?? {
      maxReplicas: 0,
    };
    const size = (after as Deployment).spec?.replicas ?? 1;
    return size < min || size > max ? `${size} replicas, ${min} to ${max} allowed` : undefined;
  },
};
