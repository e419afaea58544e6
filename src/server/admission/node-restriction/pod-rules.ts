import { equalJson } from '../../../api/meta/equal-json.ts';
import { notFound } from '../../../api/meta/status.ts';
import type {
  AuthenticationV1TokenRequest,
  CSIDriver,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from '../../../api/schema/generated/types.ts';
import { isMirrorPod, namedInPod } from '../../authz/node-references-plan.ts';
import type { AdmissionRequest, Authorizer, ObjectReader } from '../../ports.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const PODS = { group: '', plural: 'pods' };

/** What a node may not do with a pod, in upstream's words; undefined when it may. Throws NotFound. */
export function podFault(admission: AdmissionRequest, node: string, objects: ObjectReader): string | undefined {
  const { request, operation, object, old } = admission;
  switch (request.subresource ?? '') {
    case '':
      return wholePodFault(admission, node, objects);
    case 'status':
      return operation === 'UPDATE' ? statusFault(object as Pod, old as Pod, node) : `unexpected operation "${operation}"`;
    case 'eviction': {
      if (operation !== 'CREATE') return `unexpected operation ${operation}`;
      const name = request.name ?? '';
      const pod = objects.get<Pod>('pods', request.namespace ?? '', name);
      if (!pod) throw notFound(PODS, name);
      return pod.spec?.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
    }
    default:
      return `unexpected pod subresource "${request.subresource}", only 'status' and 'eviction' are allowed`;
  }
}

function wholePodFault({ operation, object, old }: AdmissionRequest, node: string, objects: ObjectReader): string | undefined {
  if (operation === 'CREATE') return mirrorFault(object as Pod, node, objects) ?? referenceFault(object as Pod, node);
  if (operation !== 'DELETE') return `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`;
  return (old as Pod).spec?.nodeName === node ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`;
}

/** A node shows the pods that it runs by itself: its own, and owned by it. */
function mirrorFault(pod: Pod, node: string, objects: ObjectReader): string | undefined {
  const { metadata, spec } = pod;
  if (!isMirrorPod(pod)) {
    return `pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`;
  }
  if (spec?.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  const [owner, ...others] = metadata?.ownerReferences ?? [];
  if (others.length > 0) return `node "${node}" can only create pods with a single owner reference set to itself`;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    return `node "${node}" can only create pods with an owner reference set to itself`;
  }
  if (!owner.controller) return `node "${node}" can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `node "${node}" must not set blockOwnerDeletion on an owner reference`;
  const uid = objects.get<Node>('nodes', '', node)?.metadata?.uid;
  if (uid === undefined) throw notFound({ group: '', plural: 'nodes' }, node);
  return owner.uid === uid ? undefined : `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
}

/** A pod that refers to something would give its node the right to read it. */
function referenceFault(pod: Pod, node: string): string | undefined {
  const { spec } = pod;
  const refusal = (what: string) => `node "${node}" can not create pods that reference ${what}`;
  if (spec?.serviceAccountName) return refusal('a service account');
  const resources = new Set([...namedInPod(pod)].map((reference) => reference.slice(0, reference.indexOf('/'))));
  for (const resource of ['secrets', 'configmaps']) if (resources.has(resource)) return refusal(resource);
  if (spec?.volumes?.some(({ projected }) => projected?.sources?.some(({ clusterTrustBundle }) => clusterTrustBundle))) {
    return refusal('clustertrustbundles');
  }
  if (resources.has('persistentvolumeclaims')) return refusal('persistentvolumeclaims');
  return spec?.resourceClaims?.length ? refusal('resourceclaims') : undefined;
}

function statusFault(pod: Pod, old: Pod, node: string): string | undefined {
  if (old.spec?.nodeName !== node) return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  if (!equalJson(pod.metadata?.labels ?? {}, old.metadata?.labels ?? {})) return `node "${node}" cannot update labels through pod status`;
  if (equalJson(pod.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? [])) return undefined;
  return `node "${node}" cannot update resource claim statues`;
}

/** A node gets tokens for pods that it runs, for those that the pod's volumes are meant for (KEP-4935). */
export async function tokenFault(
  { request, object, context }: AdmissionRequest,
  node: string,
  objects: ObjectReader,
  authorizer: Authorizer,
): Promise<string | undefined> {
  const { boundObjectRef, audiences = [] } = (object as AuthenticationV1TokenRequest).spec ?? {};
  const { apiVersion, kind, name, uid } = boundObjectRef ?? {};
  if (apiVersion !== 'v1' || kind !== 'Pod' || !name) return 'node requested token not bound to a pod';
  if (!uid) return 'node requested token with a pod binding without a uid';
  const pod = objects.get<Pod>('pods', request.namespace ?? '', name);
  if (!pod) throw notFound(PODS, name);
  if (pod.metadata?.uid !== uid) {
    return `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  }
  if (pod.spec?.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node';
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
  const [audience = ''] = audiences;
  if (isMeantFor(pod, audience, objects)) return undefined;
  const about = {
    group: '',
    version: '',
    resource: audience,
    subresource: '',
    namespace: request.namespace ?? '',
    name: request.name ?? '',
  };
  const decision = await authorizer({ user: context.user, verb: 'request-serviceaccounts-token-audience', ...about });
  if (decision.allowed) return undefined;
  return `audience "${audience}" not found in pod spec volume, ${context.user.name} is not authorized to request tokens for this audience`;
}

/** By a projected token, or by a CSI driver that wants tokens. */
function isMeantFor({ metadata, spec }: Pod, audience: string, objects: ObjectReader): boolean {
  const namespace = metadata?.namespace ?? '';
  const wantsToken = (driver: string | undefined) =>
    driver !== undefined &&
    (objects.get<CSIDriver>('csidrivers.storage.k8s.io', '', driver)?.spec?.tokenRequests ?? []).some(
      (token) => token.audience === audience,
    );
  const driverOfClaim = (name: string) => {
    const volumeName = objects.get<PersistentVolumeClaim>('persistentvolumeclaims', namespace, name)?.spec?.volumeName;
    return volumeName ? objects.get<PersistentVolume>('persistentvolumes', '', volumeName)?.spec?.csi?.driver : undefined;
  };
  return (spec?.volumes ?? []).some(({ name, projected, csi, persistentVolumeClaim, ephemeral }) => {
    if (projected?.sources?.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)) return true;
    if (csi) return wantsToken(csi.driver);
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral ? `${metadata?.name}-${name}` : undefined);
    return claim !== undefined && wantsToken(driverOfClaim(claim));
  });
}
