import type { Pod, Toleration } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { isAbout } from '../request.ts';

const SECONDS = 300;
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

const covers = (toleration: Toleration, key: string): boolean =>
  (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute');

/** A pod stays five minutes on a node that is gone, unless it says otherwise. Source: Kubernetes, "Taints and Tolerations". */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  mutate(admission) {
    if ((admission.operation !== 'CREATE' && admission.operation !== 'UPDATE') || !isAbout(admission, 'pods')) return;
    const { spec } = admission.object as Pod;
    if (!spec) return;
    const tolerations = spec.tolerations ?? [];
    const added = KEYS.filter((key) => !tolerations.some((toleration) => covers(toleration, key))).map(
      (key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }),
    );
    if (added.length > 0) spec.tolerations = [...tolerations, ...added];
  },
};
