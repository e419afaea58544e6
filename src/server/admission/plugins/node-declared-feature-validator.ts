import { isSidecar } from '../../../api/core/pod-resources.ts';
import { same } from '../../../api/meta/validation.ts';
import type { Node, Pod, PodSpec } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { isAbout, refusal } from '../request.ts';

/** What a changed pod asks of its node, by the names of what nodes declare. Of upstream's list (component-helpers/nodedeclaredfeatures) these concern updates. */
const FEATURES: readonly (readonly [feature: string, isNeeded: (spec: PodSpec, old: PodSpec) => boolean])[] = [
  ['InPlacePodLevelResourcesVerticalScaling', ({ resources }, old) => !same(resources, old.resources)],
  [
    'InPlacePodVerticalScalingInitContainers',
    ({ initContainers }, old) =>
      old.initContainers?.some((container, i) => !isSidecar(container) && !same(container.resources, initContainers?.[i]?.resources)) ??
      false,
  ],
];

/** A change of a bound pod that its node does not declare to know of is refused (KEP-5328). */
export const nodeDeclaredFeatureValidator = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'NodeDeclaredFeatureValidator',
  validate(admission) {
    if (admission.operation !== 'UPDATE' || !(isAbout(admission, 'pods') || isAbout(admission, 'pods', '', 'resize'))) return;
    const [pod, old] = [admission.object as Pod, admission.old as Pod];
    const { spec } = pod;
    if (!spec?.nodeName || !old.spec || old.metadata?.generation === pod.metadata?.generation) return;
    const needed = FEATURES.flatMap(([feature, isNeeded]) => (isNeeded(spec, old.spec as PodSpec) ? [feature] : []));
    if (needed.length === 0) return;
    const node = objects.get<Node>('nodes', '', spec.nodeName);
    if (!node) throw refusal(admission, `node "${spec.nodeName}" not found`);
    const missing = needed.filter((feature) => !node.status?.declaredFeatures?.includes(feature));
    if (missing.length === 0) return;
    throw refusal(admission, `pod update requires features ${missing.join(', ')} which are not available on node "${spec.nodeName}"`);
  },
});
