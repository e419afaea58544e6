import { ApiError } from '../../../api/meta/status.ts';
import type { Pod, PriorityClass } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { isAbout, isWrite, refusal } from '../request.ts';

const ID = 'priorityclasses.scheduling.k8s.io';

/** The name of a pod's priority class becomes a number and a preemption policy. Source: Kubernetes, "Pod Priority and Preemption". */
export const priority = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'Priority',
  mutate({ operation, request, object, old }) {
    if (request.resource !== 'pods' || request.group !== '' || request.subresource) return;
    const pod = object as Pod;
    if (!pod?.spec) return;
    if (operation === 'UPDATE') {
      pod.spec.priority ??= (old as Pod).spec?.priority;
      pod.spec.preemptionPolicy ??= (old as Pod).spec?.preemptionPolicy;
    }
    if (operation === 'CREATE') setPriority(pod, objects);
  },
  /** One class at most is the default of all pods. */
  validate(admission) {
    const { operation, object } = admission;
    if (!isWrite(admission) || !isAbout(admission, 'priorityclasses', 'scheduling.k8s.io')) return;
    if (!(object as PriorityClass).globalDefault) return;
    const name = defaultClass(objects)?.metadata?.name;
    if (name === undefined || (operation === 'UPDATE' && name === object?.metadata?.name)) return;
    throw refusal(admission, `PriorityClass ${name} is already marked as default. Only one default can exist`);
  },
});

function setPriority(pod: Pod, objects: ObjectReader): void {
  const { spec } = pod;
  if (!spec) return;
  const found = spec.priorityClassName ? named(pod, spec.priorityClassName, objects) : defaultClass(objects);
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (spec.priority !== undefined && spec.priority !== value) {
    throw forbidden(
      pod,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw forbidden(
      pod,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  if (found?.metadata?.name) spec.priorityClassName = found.metadata.name;
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

const forbidden = (pod: Pod, why: string): ApiError => {
  const name = pod.metadata?.name ?? '';
  return new ApiError('Forbidden', `pods "${name}" is forbidden: ${why}`, { details: { name, kind: 'pods' } });
};

function named(pod: Pod, name: string, objects: ObjectReader): PriorityClass {
  const found = objects.get<PriorityClass>(ID, '', name);
  if (!found) throw forbidden(pod, `no PriorityClass with name ${name} was found`);
  return found;
}

/** Of several the lowest, as upstream does. */
const defaultClass = (objects: ObjectReader): PriorityClass | undefined =>
  objects
    .list<PriorityClass>(ID)
    .filter(({ globalDefault }) => globalDefault)
    .reduce<PriorityClass | undefined>((lowest, one) => (lowest && (lowest.value ?? 0) <= (one.value ?? 0) ? lowest : one), undefined);
