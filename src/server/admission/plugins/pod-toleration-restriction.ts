import { qosClassOf } from '../../../api/core/pod-qos.ts';
import { jsonFault } from '../../../api/meta/json-fault.ts';
import type { Pod, Toleration } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../ports.ts';
import { unknownError } from '../../registry/errors.ts';
import type { ClusterTolerations } from '../configuration/pod-toleration-restriction.ts';
import { isAbout, isWrite, namespaceOf } from '../request.ts';
import { areAllowed, mergeTolerations } from '../tolerations.ts';

const STANDARD = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const ALLOWED = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
const MEMORY_PRESSURE: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };

/**
 * Pods get the tolerations of their namespace and may have no others than it allows, as annotations of it say or else the operator. Off by default. (Kubernetes: "Admission Control",
 * PodTolerationRestriction.)
 */
export function podTolerationRestriction(objects: ObjectReader, cluster: ClusterTolerations): AdmissionPlugin {
  const ofNamespace = ({ request }: AdmissionRequest, annotation: string): readonly Toleration[] | undefined => {
    const text = namespaceOf(objects, request.namespace ?? '').metadata?.annotations?.[annotation];
    return text === undefined ? undefined : tolerationsIn(text);
  };
  const check = (admission: AdmissionRequest) => {
    const { tolerations = [] } = (admission.object as Pod).spec ?? {};
    if (tolerations.length === 0) return;
    const own = ofNamespace(admission, ALLOWED);
    if (areAllowed(tolerations, own ?? cluster.allowed)) return;
    const scope = own ? 'namespace' : 'cluster';
    throw unknownError(`pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`);
  };
  const isConcerned = (admission: AdmissionRequest) => isWrite(admission) && isAbout(admission, 'pods');
  return {
    name: 'PodTolerationRestriction',
    mutate(admission) {
      const { spec } = isConcerned(admission) ? (admission.object as Pod) : {};
      if (!spec) return;
      const standard = admission.operation === 'CREATE' ? (ofNamespace(admission, STANDARD) ?? cluster.standard) : [];
      const added = qosClassOf(spec) === 'BestEffort' ? standard : [...standard, MEMORY_PRESSURE];
      if (added.length > 0) spec.tolerations = mergeTolerations(spec.tolerations ?? [], added);
      check(admission);
    },
    validate(admission) {
      if (isConcerned(admission)) check(admission);
    },
  };
}

function tolerationsIn(text: string): readonly Toleration[] {
  if (text === '') return [];
  let tolerations: unknown;
  try {
    tolerations = JSON.parse(text);
  } catch (error) {
    throw unknownError(jsonFault(text) ?? (error as Error).message);
  }
  if (Array.isArray(tolerations)) return tolerations as Toleration[];
  const kind = tolerations !== null && typeof tolerations === 'object' ? 'object' : typeof tolerations;
  throw unknownError(`json: cannot unmarshal ${kind} into Go value of type []v1.Toleration`);
}
