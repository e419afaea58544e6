import { deployments } from '../../api/apps/deployment.ts';
import { replicaSets } from '../../api/apps/replica-set.ts';
import { statefulSets } from '../../api/apps/stateful-set.ts';
import { replicationControllers } from '../../api/core/replication-controller.ts';
import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import { controllerOf, type KubeObject, type OwnerReference } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';

type Sized = KubeObject & { spec?: { replicas?: number } };
export interface ControllerScale {
  readonly uid: string;
  readonly replicas: number;
}

const GROUPS_OF_APPS = ['apps', 'extensions'];
const groupOf = ({ apiVersion }: OwnerReference) => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

/** How many pods are wanted altogether by those who control these pods, and the pods that nobody controls. Rejects when a controller has no scale. */
export async function scaleOfControllers(
  request: ReconcileRequest,
  pods: readonly Pod[],
  kinds: readonly ResourceDefinition[],
): Promise<{ readonly scale: number; readonly unmanaged: readonly Pod[] }> {
  const scales = new Map<string, number>();
  const asked = new Set<string>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner || asked.has(owner.uid)) continue;
    asked.add(owner.uid);
    const found = await scaleOf(request, owner, pod.metadata?.namespace ?? '', kinds);
    if (!found) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata?.name)}`);
    scales.set(found.uid, found.replicas);
  }
  const scale = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  return { scale, unmanaged: pods.filter((pod) => !controllerOf(pod)) };
}

async function scaleOf(
  request: ReconcileRequest,
  owner: OwnerReference,
  namespace: string,
  kinds: readonly ResourceDefinition[],
): Promise<ControllerScale | undefined> {
  return knownScale(request, owner, namespace) ?? (await scaleSubresource(request, owner, namespace, kinds));
}

/** From the caches. The ReplicaSet of a Deployment stands for the Deployment: during a rollout its own size is a part. */
function knownScale({ informer }: ReconcileRequest, owner: OwnerReference, namespace: string): ControllerScale | undefined {
  const find = <T extends Sized>(resource: ResourceDefinition<T>, { kind, name, uid }: OwnerReference, groups: readonly string[]) => {
    if (kind !== resource.kind || !groups.includes(groupOf(owner))) return undefined;
    const object = informer(resource).get(`${namespace}/${name}`);
    return object?.metadata?.uid === uid ? object : undefined;
  };
  const replicaSet = find(replicaSets, owner, GROUPS_OF_APPS);
  const parent = replicaSet && controllerOf(replicaSet);
  const found =
    (parent && find(deployments, parent, GROUPS_OF_APPS)) ??
    (parent?.kind === deployments.kind ? undefined : replicaSet) ??
    find(replicationControllers, owner, ['']) ??
    find(statefulSets, owner, ['apps']);
  return found && { uid: found.metadata?.uid ?? '', replicas: found.spec?.replicas ?? 1 };
}

/** Asked of the API: of any kind, custom ones as well. undefined: the controller is gone. */
async function scaleSubresource(
  { client, signal }: ReconcileRequest,
  owner: OwnerReference,
  namespace: string,
  kinds: readonly ResourceDefinition[],
): Promise<ControllerScale | undefined> {
  const resource = kinds.find(({ group, kind }) => group === groupOf(owner) && kind === owner.kind);
  if (!resource) throw new Error(`no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`);
  if (!('scale' in resource.subresources)) throw new Error(`${resourceId(resource)} does not implement the scale subresource`);
  try {
    const options = { namespace, subresource: 'scale', signal };
    const scale: Sized = await client.get(resource as ResourceDefinition<Sized>, owner.name, options);
    if (scale.metadata?.uid !== owner.uid) return undefined;
    return { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
