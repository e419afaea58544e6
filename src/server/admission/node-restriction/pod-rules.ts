import { equalJson } from '../../../api/meta/equal-json.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { isNotFound, notFound } from '../../../api/meta/status.ts';
import type {
  AuthenticationV1TokenRequest,
  CSIDriver,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from '../../../api/schema/generated/types.ts';
import { goAggregate } from '../../../base/go-aggregate.ts';
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
  const meant = isMeantFor(pod, audience, objects);
  if (meant.is) return undefined;
  if (meant.missing.length > 0) return `error validating audience "${audience}": ${goAggregate(meant.missing)}`;
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

/** A projected token, or a CSI driver that wants tokens, is for the audience; or nobody could tell whether the driver is, for what was missing. */
function isMeantFor(pod: Pod, audience: string, objects: ObjectReader): { readonly is: boolean; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const isForVolume = (volume: Volume): boolean => {
    if (volume.projected?.sources?.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)) return true;
    try {
      const driver = driverOf(volume, pod, objects);
      return (
        driver !== undefined &&
        found<CSIDriver>(objects, DRIVERS, driver).spec.tokenRequests?.some((token) => token.audience === audience) === true
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
      missing.push((error as Error).message);
      return false;
    }
  };
  return { is: (pod.spec?.volumes ?? []).some(isForVolume), missing };
}

type Volume = NonNullable<NonNullable<Pod['spec']>['volumes']>[number];

const DRIVERS = { plural: 'csidriver', group: 'storage.k8s.io' };
const CLAIMS = { plural: 'persistentvolumeclaim', group: '' };
const VOLUMES = { plural: 'persistentvolume', group: '' };

/** Throws NotFound, in the words of upstream's listers, which say kinds where others say resources. */
function found<T extends KubeObject>(objects: ObjectReader, { plural, group }: typeof DRIVERS, name: string, namespace = ''): T {
  const object = objects.get<T>(`${plural}s${group && `.${group}`}`, namespace, name);
  if (!object) throw notFound({ plural, group }, name);
  return object;
}

function driverOf({ name, csi, persistentVolumeClaim, ephemeral }: Volume, { metadata }: Pod, objects: ObjectReader): string | undefined {
  if (csi) return csi.driver;
  const claimName = persistentVolumeClaim?.claimName ?? (ephemeral ? `${metadata?.name}-${name}` : undefined);
  if (claimName === undefined) return undefined;
  const claim = found<PersistentVolumeClaim>(objects, CLAIMS, claimName, metadata?.namespace);
  return found<PersistentVolume>(objects, VOLUMES, claim.spec?.volumeName ?? '').spec?.csi?.driver;
}
