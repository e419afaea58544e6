import type { KubeObject } from '../../../api/meta/object.ts';
import type { Binding, Node, Pod } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { isAbout } from '../request.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** A pod carries the zone and the region of its node as labels, so that it can read them (KEP-4742). Bindings hand theirs on to the pod. */
export const podTopologyLabels = (objects: ObjectReader): AdmissionPlugin => {
  const label = (object: KubeObject, nodeName: string) => {
    const node = objects.get<Node>('nodes', '', nodeName);
    const found = LABELS.filter((key) => node?.metadata?.labels?.[key] !== undefined);
    if (found.length === 0) return;
    const labels = Object.fromEntries(found.map((key) => [key, node?.metadata?.labels?.[key] ?? '']));
    object.metadata = { ...object.metadata, labels: { ...object.metadata?.labels, ...labels } };
  };
  return {
    name: 'PodTopologyLabels',
    mutate(admission) {
      const { operation, object } = admission;
      if (operation !== 'CREATE' || !object) return;
      if (isAbout(admission, 'pods')) {
        const nodeName = (object as Pod).spec?.nodeName;
        if (nodeName) label(object, nodeName);
      } else if (isAbout(admission, 'pods', '', 'binding')) {
        const { target } = object as Binding;
        if (target?.kind === 'Node' && target.name) label(object, target.name);
      }
    },
  };
};
