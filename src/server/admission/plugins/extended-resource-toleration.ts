import { isExtendedResource } from '../../../api/core/resource-names.ts';
import type { Pod, Toleration } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { isAbout, isWrite } from '../request.ts';

/**
 * Pods that ask for a device tolerate the taint that has its name, so that nodes with devices can be kept for them. Off by default. (Kubernetes: "Admission Control",
 * ExtendedResourceToleration.)
 */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  mutate(admission) {
    if (!isWrite(admission) || !isAbout(admission, 'pods')) return;
    const { spec } = admission.object as Pod;
    if (!spec) return;
    const asked = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
    for (const key of [...new Set(asked.filter(isExtendedResource))].sort()) {
      spec.tolerations = withToleration(spec.tolerations ?? [], { key, operator: 'Exists', effect: 'NoSchedule' });
    }
  },
};

/** In place of one that differs in its seconds alone (upstream: core/helper, AddOrUpdateTolerationInPod). */
function withToleration(tolerations: readonly Toleration[], added: Toleration): Toleration[] {
  const isSame = ({ key, operator, effect, value }: Toleration) =>
    key === added.key && operator === added.operator && effect === added.effect && !value;
  return tolerations.some(isSame) ? tolerations.map((each) => (isSame(each) ? added : each)) : [...tolerations, added];
}
