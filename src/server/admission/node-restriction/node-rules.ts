import { equalJson } from '../../../api/meta/equal-json.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Node, PersistentVolumeClaim, ResourceSlice } from '../../../api/schema/generated/types.ts';
import type { AdmissionRequest } from '../../ports.ts';

/** Labels below kubernetes.io and k8s.io that an agent may set on its node (Kubernetes: NodeRestriction). */
const ALLOWED_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
]);
const within = (domain: string, parent: string) => domain === parent || domain.endsWith(`.${parent}`);

function mayLabel(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash);
  if (within(domain, 'node-restriction.kubernetes.io')) return false;
  if (!within(domain, 'kubernetes.io') && !within(domain, 'k8s.io')) return true;
  return within(domain, 'kubelet.kubernetes.io') || within(domain, 'node.kubernetes.io') || ALLOWED_LABELS.has(key);
}

/** Labels that came, went or changed and are not the node's to decide. */
function forbiddenLabels({ metadata }: KubeObject, old: KubeObject | undefined): string {
  const now = metadata?.labels ?? {};
  const before = old?.metadata?.labels ?? {};
  const changed = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
  return changed
    .filter((key) => !mayLabel(key))
    .sort()
    .join(', ');
}

const nameIn = ({ request, object, old }: AdmissionRequest) => object?.metadata?.name ?? old?.metadata?.name ?? request.name ?? '';

/** A node registers and reports itself, but does not decide which pods come to it. */
export function nodeFault(admission: AdmissionRequest, node: string): string | undefined {
  const { operation } = admission;
  const name = nameIn(admission);
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`;
  const object = admission.object as Node | undefined;
  const old = admission.old as Node | undefined;
  if (operation === 'CREATE' && object) {
    if (object.spec?.configSource !== undefined) return `node "${node}" is not allowed to create pods with a non-nil configSource`;
    const labels = forbiddenLabels(object, undefined);
    return labels ? `node "${node}" is not allowed to set the following labels: ${labels}` : undefined;
  }
  return operation === 'UPDATE' && object && old ? nodeUpdateFault(object, old, node) : undefined;
}

function nodeUpdateFault(object: Node, old: Node, node: string): string | undefined {
  if (object.spec?.configSource !== undefined && !equalJson(object.spec.configSource, old.spec?.configSource)) {
    return `node "${node}" is not allowed to update configSource to a new non-nil configSource`;
  }
  if (!equalJson(object.spec?.taints ?? [], old.spec?.taints ?? [])) return `node "${node}" is not allowed to modify taints`;
  if (!equalJson(object.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? [])) {
    return `node "${node}" is not allowed to modify ownerReferences`;
  }
  const labels = forbiddenLabels(object, old);
  return labels ? `is not allowed to modify labels: ${labels}` : undefined;
}

export function leaseFault(admission: AdmissionRequest, node: string): string | undefined {
  if (admission.request.namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace';
  return nameIn(admission) === node ? undefined : 'can only access node lease with the same name as the requesting node';
}

export const csiNodeFault = (admission: AdmissionRequest, node: string): string | undefined =>
  nameIn(admission) === node ? undefined : 'can only access CSINode with the same name as the requesting node';

/** Updates are the authorizer's: the node of a slice does not change. */
export function resourceSliceFault({ operation, object, old }: AdmissionRequest, node: string): string | undefined {
  const of = (slice: KubeObject | undefined) => (slice as ResourceSlice | undefined)?.spec?.nodeName;
  if (operation === 'CREATE' && of(object) !== node) return 'can only create ResourceSlice with the same NodeName as the requesting node';
  if (operation === 'DELETE' && of(old) !== node) return 'can only delete ResourceSlice with the same NodeName as the requesting node';
  return undefined;
}

/** The node resizes file systems, and says so. */
export function claimFault({ operation, request, object, old }: AdmissionRequest, node: string): string | undefined {
  if (request.subresource !== 'status') return 'may only update PVC status';
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`;
  const bare = ({ metadata, spec, status }: PersistentVolumeClaim) => {
    const { capacity: _, conditions: __, allocatedResources: ___, allocatedResourceStatuses: ____, ...rest } = status ?? {};
    return { metadata: { ...metadata, resourceVersion: undefined, managedFields: undefined }, spec, status: rest };
  };
  if (equalJson(bare(object as PersistentVolumeClaim), bare(old as PersistentVolumeClaim))) return undefined;
  return `node "${node}" is not allowed to update fields other than status.quantity and status.conditions`;
}
