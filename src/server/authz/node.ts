import { CLUSTER_ROLES } from '../bootstrap/cluster-roles-plan.ts';
import { parseRule } from '../bootstrap/rule-notation-plan.ts';
import type { AuthorizationAttributes, AuthorizationDecision, ObjectReader, UserInfo } from '../ports.ts';
import { nodeGraph } from './node-graph.ts';
import { ruleAllows } from './rules-plan.ts';

type ResourceAttributes = Extract<AuthorizationAttributes, { path?: undefined }>;
type Decide = (node: string, attributes: ResourceAttributes) => AuthorizationDecision;

const PREFIX = 'system:node:';

/** The node's name when the user is a node's agent (`system:node:<name>` in group system:nodes), else undefined. */
export function nodeNameOf(user: UserInfo): string | undefined {
  return user.name.startsWith(PREFIX) && user.groups.includes('system:nodes') ? user.name.slice(PREFIX.length) || undefined : undefined;
}

const ALLOW: AuthorizationDecision = { allowed: true, reason: '' };
const NO_OPINION: AuthorizationDecision = { allowed: false, reason: '' };
const refuse = (reason: string): AuthorizationDecision => ({ allowed: false, reason });
const READ = new Set(['get', 'list', 'watch']);
const OWN_VERBS = new Set(['get', 'create', 'update', 'patch', 'delete']);

/**
 * Kubernetes' node authorizer, with its words: an agent reads what its own pods refer to and writes its own node, lease and pods. What stands only in a body
 * (whose node is changed, what pod is made), and which pod is removed or reported, admission's NodeRestriction compares. Everything else that any node may do are the rules of the ClusterRole system:node.
 */
export function nodeAuthorizer(reader: ObjectReader): (attributes: AuthorizationAttributes) => AuthorizationDecision {
  const graph = nodeGraph(reader);
  const rules = (CLUSTER_ROLES['system:node'] ?? []).map(parseRule);
  const related: Decide = (node, { resource, namespace, name }) => {
    if (!name) return refuse('No Object name found');
    return graph.isRelated(node, resource, namespace, name)
      ? ALLOW
      : refuse(`no relationship found between node '${node}' and this object`);
  };
  const get: Decide = (node, a) => {
    if (a.verb !== 'get') return refuse('can only get individual resources of this type');
    return a.subresource ? refuse('cannot get subresource') : related(node, a);
  };
  const read: Decide = (node, a) => {
    if (!READ.has(a.verb)) return refuse('can only read resources of this type');
    if (a.subresource) return refuse('cannot read subresource');
    return a.namespace ? related(node, a) : refuse('can only read namespaced object of this type');
  };
  const claims: Decide = (node, a) => {
    if (a.subresource !== 'status') return get(node, a);
    return a.verb === 'update' || a.verb === 'patch' ? related(node, a) : refuse('can only get/update/patch this type');
  };
  const accounts: Decide = (node, a) => {
    // Credential providers of a kubelet look at the account that a pod runs as (KEP-4412).
    if (a.verb === 'get' && !a.subresource) return related(node, a);
    if (a.verb !== 'create' || !a.name) return refuse('can only create tokens for individual service accounts');
    return a.subresource === 'token' ? related(node, a) : refuse('can only create token subresource of serviceaccount');
  };
  const affairs: Readonly<Record<string, Decide>> = {
    secrets: read,
    configmaps: read,
    persistentvolumeclaims: claims,
    persistentvolumes: get,
    'resourceclaims.resource.k8s.io': get,
    'volumeattachments.storage.k8s.io': get,
    serviceaccounts: accounts,
    'leases.coordination.k8s.io': leases,
    'csinodes.storage.k8s.io': csiNodes,
    'resourceslices.resource.k8s.io': slices(related),
    nodes,
    pods: pods(related),
  };
  return (attributes) => {
    const node = nodeNameOf(attributes.user);
    if (node === undefined) return NO_OPINION;
    if (attributes.path === undefined) {
      const own = affairs[attributes.group ? `${attributes.resource}.${attributes.group}` : attributes.resource];
      if (own) return own(node, attributes);
    }
    return rules.some((rule) => ruleAllows(rule, attributes)) ? ALLOW : NO_OPINION;
  };
}

const leases: Decide = (node, { verb, namespace, name }) => {
  if (!OWN_VERBS.has(verb)) return refuse('can only get, create, update, patch, or delete a node lease');
  if (namespace !== 'kube-node-lease') return refuse('can only access leases in the "kube-node-lease" system namespace');
  const isOwn = verb === 'create' || name === node;
  return isOwn ? ALLOW : refuse('can only access node lease with the same name as the requesting node');
};

const csiNodes: Decide = (node, { verb, subresource, name }) => {
  if (!OWN_VERBS.has(verb)) return refuse('can only get, create, update, patch, or delete a CSINode');
  if (subresource) return refuse('cannot authorize CSINode subresources');
  const isOwn = verb === 'create' || name === node;
  return isOwn ? ALLOW : refuse('can only access CSINode with the same name as the requesting node');
};

const selects = ({ fields = [] }: ResourceAttributes, field: string, node: string): boolean =>
  fields.some((each) => each.field === field && each.op === '=' && each.value === node);

const slices =
  (related: Decide): Decide =>
  (node, a) => {
    if (a.subresource) return refuse('cannot authorize ResourceSlice subresources');
    switch (a.verb) {
      case 'create':
        return ALLOW;
      case 'get':
      case 'update':
      case 'patch':
      case 'delete':
        return related(node, a);
      case 'watch':
      case 'list':
      case 'deletecollection':
        return selects(a, 'spec.nodeName', node) || selects(a, 'nodeName', node)
          ? ALLOW
          : refuse('can only list/watch/deletecollection resourceslices with nodeName field selector');
      default:
        return refuse(
          'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
        );
    }
  };

const nodes: Decide = (node, { verb, subresource, name }) => {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOW : NO_OPINION;
  if (subresource) return NO_OPINION;
  if (verb === 'create' || verb === 'update' || verb === 'patch') return ALLOW;
  if (!READ.has(verb)) return NO_OPINION;
  if (name === node) return ALLOW;
  return refuse(
    name === ''
      ? `node '${node}' cannot read all nodes, only its own Node object`
      : `node '${node}' cannot read '${name}', only its own Node object`,
  );
};

const pods =
  (related: Decide): Decide =>
  (node, a) => {
    const { verb, subresource, name } = a;
    if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOW : NO_OPINION;
    if (subresource === 'eviction') return verb === 'create' ? ALLOW : NO_OPINION;
    if (subresource) return NO_OPINION;
    if (verb === 'create' || verb === 'delete') return ALLOW;
    if (verb === 'get') return related(node, a);
    if (!READ.has(verb)) return NO_OPINION;
    if (selects(a, 'spec.nodeName', node)) return ALLOW;
    return name ? related(node, a) : refuse('can only list/watch pods with spec.nodeName field selector');
  };
