import { ApiError, qualifiedResource } from '../../../api/meta/status.ts';
import type { Node } from '../../../api/schema/generated/types.ts';
import { nodeNameOf } from '../../authz/node.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../ports.ts';

/** Objects that a node makes under its own name only; the authorizer cannot see the name in a body. */
const OWN_NAMED = new Set(['nodes', 'leases.coordination.k8s.io', 'csinodes.storage.k8s.io']);

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

function changedLabels(object: Node, old: Node | undefined): string[] {
  const now = object.metadata?.labels ?? {};
  const before = old?.metadata?.labels ?? {};
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
}

const taints = (node: Node | undefined) => JSON.stringify(node?.spec?.taints ?? []);

/** Keeps an agent to its own objects in what only the body shows: names, restricted labels, and the taints of its node. */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  validate(admission) {
    const node = nodeNameOf(admission.context.user);
    const { request, object, operation } = admission;
    if (node === undefined || !object || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const id = qualifiedResource(request.resource, request.group);
    if (!OWN_NAMED.has(id)) return;
    if (object.metadata?.name !== node)
      throw refusal(admission, id, `node "${node}" is not allowed to modify ${id} "${object.metadata?.name}"`);
    if (id !== 'nodes') return;
    const old = admission.old as Node | undefined;
    const labels = changedLabels(object as Node, old).filter((key) => !mayLabel(key));
    if (labels.length > 0) throw refusal(admission, id, `is not allowed to modify labels: ${labels.sort().join(', ')}`);
    if (old && taints(object as Node) !== taints(old)) throw refusal(admission, id, `node "${node}" is not allowed to modify taints`);
  },
};

const refusal = ({ object, request }: AdmissionRequest, id: string, why: string): ApiError => {
  const name = object?.metadata?.name ?? '';
  return new ApiError('Forbidden', `${id} "${name}" is forbidden: ${why}`, {
    details: { name, group: request.group, kind: request.resource },
  });
};
