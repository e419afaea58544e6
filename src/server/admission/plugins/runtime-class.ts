import { equalJson } from '../../../api/meta/equal-json.ts';
import type { Pod, PodSpec, RuntimeClass } from '../../../api/schema/generated/types.ts';
import { canonicalQuantity, isQuantity } from '../../../base/quantity.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../ports.ts';
import { isAbout, refusal } from '../request.ts';
import { mergeTolerations } from '../tolerations.ts';

const ID = 'runtimeclasses.node.k8s.io';

const sameAmounts = (a: Record<string, string>, b: Record<string, string>) => {
  const canonical = (list: Record<string, string>) =>
    Object.fromEntries(Object.entries(list).map(([name, text]) => [name, isQuantity(text) ? canonicalQuantity(text) : text]));
  return equalJson(canonical(a), canonical(b));
};

/** A pod's runtime class says what the pod costs besides its containers and where it can run (KEP-688, Kubernetes: "Runtime Class"). */
export const runtimeClass = (objects: ObjectReader): AdmissionPlugin => {
  const classOf = (admission: AdmissionRequest, { runtimeClassName }: PodSpec): RuntimeClass | undefined => {
    if (runtimeClassName === undefined) return undefined;
    const found = objects.get<RuntimeClass>(ID, '', runtimeClassName);
    if (!found) throw refusal(admission, `pod rejected: RuntimeClass "${runtimeClassName}" not found`);
    return found;
  };
  return {
    name: 'RuntimeClass',
    mutate(admission) {
      const { spec } = podOf(admission);
      const found = spec && classOf(admission, spec);
      if (!spec || !found) return;
      setOverhead(admission, spec, found.overhead?.podFixed);
      setScheduling(admission, spec, found.scheduling);
    },
    validate(admission) {
      const { spec } = podOf(admission);
      if (!spec) return;
      const wanted = classOf(admission, spec)?.overhead?.podFixed;
      if (wanted) setOverhead(admission, spec, wanted);
      else if (spec.overhead !== undefined)
        throw refusal(admission, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    },
  };
};

const podOf = (admission: AdmissionRequest): Pod =>
  admission.operation === 'CREATE' && isAbout(admission, 'pods') ? (admission.object as Pod) : {};

function setOverhead(admission: AdmissionRequest, spec: PodSpec, wanted: Record<string, string> | undefined): void {
  if (!wanted) return;
  if (spec.overhead !== undefined && !sameAmounts(spec.overhead, wanted)) {
    throw refusal(admission, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  spec.overhead = { ...wanted };
}

function setScheduling(admission: AdmissionRequest, spec: PodSpec, scheduling: RuntimeClass['scheduling']): void {
  if (!scheduling) return;
  const { nodeSelector = {}, tolerations } = scheduling;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own === undefined || own === value) continue;
    const conflict = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
    throw refusal(admission, `conflict: ${conflict}`);
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  if (tolerations?.length) spec.tolerations = mergeTolerations(spec.tolerations ?? [], tolerations);
}
