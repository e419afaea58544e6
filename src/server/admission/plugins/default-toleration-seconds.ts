import type { Pod, Toleration } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { isAbout, isWrite } from '../request.ts';

/** How long a pod stays on a node that is gone, in seconds. */
export interface TolerationSeconds {
  readonly notReady: number;
  readonly unreachable: number;
}

export const TOLERATION_SECONDS = 300;

const covers = (toleration: Toleration, key: string): boolean =>
  (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute');

/** A pod stays five minutes on a node that is gone, unless it or the operator says otherwise. Source: Kubernetes, "Taints and Tolerations". */
export function defaultTolerationSeconds({ notReady, unreachable }: TolerationSeconds): AdmissionPlugin {
  const wanted = Object.entries({ 'node.kubernetes.io/not-ready': notReady, 'node.kubernetes.io/unreachable': unreachable });
  return {
    name: 'DefaultTolerationSeconds',
    mutate(admission) {
      if (!isWrite(admission) || !isAbout(admission, 'pods')) return;
      const { spec } = admission.object as Pod;
      if (!spec) return;
      const tolerations = spec.tolerations ?? [];
      const added = wanted
        .filter(([key]) => !tolerations.some((toleration) => covers(toleration, key)))
        .map(([key, tolerationSeconds]): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }));
      if (added.length > 0) spec.tolerations = [...tolerations, ...added];
    },
  };
}
