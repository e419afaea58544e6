import type { Pod } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { forbiddenBecause } from '../../registry/errors.ts';
import { isAbout, isWrite } from '../request.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const PODS = { group: '', plural: 'pods' };

/** Pods may keep others off their node, not off more. Off by default. (Kubernetes: "Admission Control", LimitPodHardAntiAffinityTopology.) */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  validate(admission) {
    if (!isWrite(admission) || !isAbout(admission, 'pods')) return;
    const { metadata, spec } = admission.object as Pod;
    const terms = spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const wide = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME);
    if (!wide) return;
    const why = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${wide.topologyKey} but only key ${HOSTNAME} is allowed`;
    throw forbiddenBecause(PODS, metadata?.name ?? '', why);
  },
};
