import type { Deployment, V2HorizontalPodAutoscaler } from '../../../src/api/schema/generated/types.ts';
import type { Invariant } from './invariant.ts';

const AUTOSCALER = 'horizontal-pod-autoscaler';
const autoscalerOf = ({ truth }: Parameters<Invariant['check']>[1], key: string) =>
  truth.get<V2HorizontalPodAutoscaler>('horizontalpodautoscalers.autoscaling', key);
const sizeOf = (deployment: unknown) => (deployment as Deployment).spec?.replicas ?? 1;

export const withinBounds: Invariant = {
  name: 'a HorizontalPodAutoscaler keeps its target between its least and its most',
  check({ resource, key, before, after, by }, scene) {
    if (resource !== 'deployments.apps' || by !== AUTOSCALER || !before || !after) return undefined;
    const { minReplicas: min = 1, maxReplicas: max } = autoscalerOf(scene, key)?.spec ?? { maxReplicas: 0 };
    const size = sizeOf(after);
    return size < min || size > max ? `${size} replicas, ${min} to ${max} allowed` : undefined;
  },
};

/** A write whose answer is lost is not remembered, by upstream's either: it may be made up for by another within the period. */
export const withinPolicies: Invariant = {
  name: 'a HorizontalPodAutoscaler changes its target no faster than its policies allow',
  check({ resource, key, before, after, by }, scene) {
    if (resource !== 'deployments.apps' || by !== AUTOSCALER || !before || !after) return undefined;
    const { behavior, minReplicas: min = 1, maxReplicas: max = 0 } = autoscalerOf(scene, key)?.spec ?? {};
    const [from, to] = [sizeOf(before), sizeOf(after)];
    // What lies outside of the bounds goes into them at once.
    if (!behavior || from < min || from > max) return undefined;
    const policy = (to > from ? behavior.scaleUp : behavior.scaleDown)?.policies?.[0];
    if (!policy) return undefined;
    const { history } = scene;
    const periodMs = policy.periodSeconds * 1000;
    const changes = history.resizes(resource, key, periodMs);
    const isBlind =
      history.memoryMs < periodMs || history.unknown(by, 'update deployments', periodMs) > 0 || changes.some((c) => c.by !== by);
    if (isBlind) return undefined;
    const grown = changes.reduce((sum, c) => sum + c.to - c.from, 0);
    const moved = to > from ? grown : -grown;
    return moved > policy.value ? `${from} to ${to}: ${moved} in ${policy.periodSeconds} s, ${policy.value} allowed` : undefined;
  },
};
