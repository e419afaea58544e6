import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttachment } from '../../api/schema/generated/types.ts';
import type { AuthorizationAttributes, ObjectReader, UserInfo } from '../ports.ts';
import { podReferences } from './node-references-plan.ts';

type ResourceAttributes = Extract<AuthorizationAttributes, { path?: undefined }>;
/** undefined: not a node's own affair; other authorizers decide. */
export type NodeOpinion = { readonly allowed: true } | { readonly allowed: false; readonly reason: string } | undefined;

/** The node's name when the user is a node's agent (`system:node:<name>` in group system:nodes), else undefined. */
export function nodeNameOf(user: UserInfo): string | undefined {
  const prefix = 'system:node:';
  return user.name.startsWith(prefix) && user.groups.includes('system:nodes') ? user.name.slice(prefix.length) || undefined : undefined;
}

const allow = { allowed: true } as const;
const deny = (reason: string) => ({ allowed: false, reason }) as const;
const READ = new Set(['get', 'list', 'watch']);
const WRITE = new Set(['create', 'get', 'update', 'patch', 'delete']);
const unrelated = (node: string) => deny(`no relationship found between node '${node}' and this object`);

/**
 * Kubernetes' node authorizer: an agent reads what its own pods refer to and writes its own node, lease and pods, nothing of
 * other nodes. Graph and cache are not kept apart: references of a pod are computed once per stored version of the pod.
 */
export function nodeAuthorizer(reader: ObjectReader): (attributes: AuthorizationAttributes) => NodeOpinion {
  const references = new WeakMap<Pod, ReadonlySet<string>>();
  const referencesOf = (pod: Pod) => {
    const known = references.get(pod) ?? podReferences(pod);
    references.set(pod, known);
    return known;
  };
  const podsOn = (node: string, namespace: string | undefined) =>
    reader.list<Pod>('pods', namespace).filter((pod) => pod.spec?.nodeName === node);
  const refers = (node: string, namespace: string, key: string) => podsOn(node, namespace).some((pod) => referencesOf(pod).has(key));
  const usesVolume = (node: string, name: string) => {
    const claim = reader.get<PersistentVolume>('persistentvolumes', '', name)?.spec?.claimRef;
    if (!claim?.name || !claim.namespace) return false;
    const bound = reader.get<PersistentVolumeClaim>('persistentvolumeclaims', claim.namespace, claim.name);
    return bound?.spec?.volumeName === name && refers(node, claim.namespace, `persistentvolumeclaims/${claim.name}`);
  };
  const ownPod = (node: string, a: ResourceAttributes) => reader.get<Pod>('pods', a.namespace, a.name)?.spec?.nodeName === node;

  const readReferred = (node: string, a: ResourceAttributes): NodeOpinion => {
    if (!READ.has(a.verb)) return deny('can only read resources of this type');
    if (a.subresource) return deny('cannot read subresource');
    if (!a.name) return deny('No Object name found');
    return refers(node, a.namespace, `${a.resource}/${a.name}`) ? allow : unrelated(node);
  };
  const pods = (node: string, a: ResourceAttributes): NodeOpinion => {
    if (READ.has(a.verb) && !a.subresource) return a.verb === 'get' && !ownPod(node, a) ? undefined : allow;
    // Creating mirror pods is not allowed: a pod that a node makes could mount any service account's token.
    const statusWrite = a.subresource === 'status' && (a.verb === 'update' || a.verb === 'patch');
    const removal = (a.verb === 'delete' && !a.subresource) || (a.verb === 'create' && a.subresource === 'eviction');
    if (!statusWrite && !removal) return undefined;
    return ownPod(node, a) ? allow : unrelated(node);
  };
  const nodes = (node: string, a: ResourceAttributes): NodeOpinion => {
    if (READ.has(a.verb)) return a.subresource === '' || a.name === node ? allow : undefined;
    if (a.verb === 'create' && !a.subresource) return allow;
    if (a.verb !== 'update' && a.verb !== 'patch') return undefined;
    if (a.subresource !== '' && a.subresource !== 'status') return undefined;
    return a.name === node ? allow : deny(`node '${node}' is not allowed to modify node '${a.name}'`);
  };
  const ownNamed = (node: string, a: ResourceAttributes, what: string): NodeOpinion => {
    if (a.subresource) return undefined;
    if (!WRITE.has(a.verb)) return deny(`can only get, create, update, patch, or delete a ${what}`);
    // create carries the name in the body; admission's NodeRestriction compares it.
    if (a.verb === 'create' && a.name === '') return allow;
    return a.name === node ? allow : deny(`can only access ${what} with the same name as the requesting node`);
  };
  const claims = (node: string, a: ResourceAttributes): NodeOpinion => {
    const verbs = a.subresource === 'status' ? ['get', 'update', 'patch'] : a.subresource === '' ? ['get'] : [];
    if (!verbs.includes(a.verb)) return deny('can only get resources of this type');
    return refers(node, a.namespace, `persistentvolumeclaims/${a.name}`) ? allow : unrelated(node);
  };
  const serviceAccounts = (node: string, a: ResourceAttributes): NodeOpinion => {
    if (a.verb !== 'create' || a.subresource !== 'token') return undefined;
    return refers(node, a.namespace, `serviceaccounts/${a.name}`) ? allow : unrelated(node);
  };
  const attachments = (node: string, a: ResourceAttributes): NodeOpinion => {
    if (a.verb !== 'get' || a.subresource) return deny('can only get resources of this type');
    return reader.get<VolumeAttachment>('volumeattachments.storage.k8s.io', '', a.name)?.spec?.nodeName === node ? allow : unrelated(node);
  };
  const leases = (node: string, a: ResourceAttributes): NodeOpinion =>
    a.namespace === 'kube-node-lease' ? ownNamed(node, a, 'node lease') : undefined;

  const affairs: Readonly<Record<string, (node: string, a: ResourceAttributes) => NodeOpinion>> = {
    secrets: readReferred,
    configmaps: readReferred,
    'resourceclaims.resource.k8s.io': (node, a) => (a.verb === 'get' ? readReferred(node, a) : deny('can only get resources of this type')),
    persistentvolumeclaims: claims,
    persistentvolumes: (node, a) => (a.verb === 'get' && !a.subresource && usesVolume(node, a.name) ? allow : unrelated(node)),
    'volumeattachments.storage.k8s.io': attachments,
    serviceaccounts: serviceAccounts,
    'leases.coordination.k8s.io': leases,
    'csinodes.storage.k8s.io': (node, a) => ownNamed(node, a, 'CSINode'),
    pods,
    nodes,
  };
  return (attributes) => {
    const node = nodeNameOf(attributes.user);
    if (node === undefined || attributes.path !== undefined) return undefined;
    return affairs[attributes.group ? `${attributes.resource}.${attributes.group}` : attributes.resource]?.(node, attributes);
  };
}
