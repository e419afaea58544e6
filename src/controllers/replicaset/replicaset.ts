import { replicaSets } from '../../api/apps/replica-set.ts';
import { pods } from '../../api/core/pod.ts';
import { replicationControllers } from '../../api/core/replication-controller.ts';
import { apiVersionOf, type ResourceDefinition, resourceId } from '../../api/define.ts';
import { controllerOf, type KubeObject, objectKey } from '../../api/meta/object.ts';
import { type LabelMatcher, labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { LabelSelector, Pod } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { applyClaim } from '../lib/apply-claim.ts';
import { claim, ORPHAN_INDEX, orphansByNamespace } from '../lib/ownership-plan.ts';
import { createPods, deletePods, explained, isNamespaceGoing, messageOf, podOf } from '../lib/pod-control.ts';
import { planReplicas, planStatus, type ReplicaFailure, type ReplicasPlan, type Replicated } from './replicas-plan.ts';

interface Flavour<T extends Replicated> {
  readonly name: string;
  readonly resource: ResourceDefinition<T>;
  readonly matcher: (object: T) => LabelMatcher;
}

/** Keeps as many pods of a template as spec.replicas says (https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/). */
export const replicaSet: Controller = replicas({
  name: 'replicaset',
  resource: replicaSets as ResourceDefinition<Replicated>,
  matcher: (object) => labelSelectorMatcher(object.spec?.selector as LabelSelector | undefined),
});

export const replicationController: Controller = replicas({
  name: 'replication',
  resource: replicationControllers as ResourceDefinition<Replicated>,
  matcher: ({ spec }) =>
    labelSelectorMatcher({ matchLabels: (spec?.selector ?? spec?.template?.metadata?.labels ?? {}) as Record<string, string> }),
});

function replicas<T extends Replicated>(flavour: Flavour<T>): Controller {
  const id = resourceId(flavour.resource);
  return {
    name: flavour.name,
    reads: [id, 'pods'],
    writes: ['pods', `${id}/status`],
    indexes: { pods: { [ORPHAN_INDEX]: orphansByNamespace } },
    enqueue: { pods: (pod, context) => ownersOf(flavour, pod, context) },
    reconcile: (request) => reconcile(flavour, request),
  };
}

/** The controller of the pod; for an orphan every set that could adopt it. */
function ownersOf<T extends Replicated>({ resource, matcher }: Flavour<T>, pod: KubeObject, context: ControllerContext): string[] {
  const { namespace = '', labels, deletionTimestamp } = pod.metadata ?? {};
  const owner = controllerOf(pod);
  if (owner) {
    const isOurs = owner.kind === resource.kind && owner.apiVersion.split('/')[0] === apiVersionOf(resource).split('/')[0];
    return isOurs ? [`${namespace}/${owner.name}`] : [];
  }
  if (deletionTimestamp) return [];
  const sets = context.informer(resource).by('namespace', namespace);
  return sets.filter((set) => matcher(set)(labels)).map(objectKey);
}

async function reconcile<T extends Replicated>(flavour: Flavour<T>, request: ReconcileRequest) {
  const { informer, clock, key } = request;
  const owner = informer(flavour.resource).get(key);
  if (!owner) return undefined;
  const podInformer = informer(pods);
  const matches = flavour.matcher(owner);
  const { uid = '', namespace = '' } = owner.metadata ?? {};
  const candidates = [...podInformer.by('owner', uid), ...podInformer.by(ORPHAN_INDEX, namespace)];
  const claimed = claim(owner, candidates, (pod) => matches(pod.metadata?.labels));
  const owned = await applyClaim(request, { resource: flavour.resource, object: owner }, pods, claimed);
  const plan = planReplicas(owner, owned, () => relatedPods(flavour, owner, request), clock.now());
  const failure = await act(flavour, owner, plan, request);
  const { status, afterMs } = planStatus(owner, owned, failure?.shown, clock.now());
  if (status) await writeStatus(flavour, owner, status, request);
  if (failure) throw failure.error;
  const waits = [afterMs, plan.afterMs].filter((ms) => ms !== undefined);
  return waits.length > 0 ? { afterMs: Math.min(...waits) } : undefined;
}

interface ShownFailure {
  readonly shown: ReplicaFailure;
  readonly error: unknown;
}

async function act<T extends Replicated>(
  flavour: Flavour<T>,
  owner: T,
  plan: ReplicasPlan,
  request: ReconcileRequest,
): Promise<ShownFailure | undefined> {
  const ref = { ...owner, apiVersion: apiVersionOf(flavour.resource), kind: flavour.resource.kind };
  const pod = podOf(ref, owner.spec?.template ?? {});
  const failed = await createPods(
    ref,
    Array.from({ length: plan.create }, () => pod),
    request,
  );
  if (failed) return isNamespaceGoing(failed.error) ? undefined : describe('FailedCreate', failed.error);
  const undeleted = await deletePods(ref, plan.remove, request);
  return undeleted && describe('FailedDelete', explained(undeleted.error, 'unable to delete pods: '));
}

function relatedPods<T extends Replicated>({ resource }: Flavour<T>, owner: T, { informer }: ReconcileRequest): readonly Pod[] {
  const parent = controllerOf(owner);
  const siblings = parent ? informer(resource).by('owner', parent.uid) : [owner];
  return siblings.flatMap((set) => informer(pods).by('owner', set.metadata?.uid ?? ''));
}

async function writeStatus<T extends Replicated>(
  { resource }: Flavour<T>,
  owner: T,
  status: T['status'],
  { client, signal }: ReconcileRequest,
): Promise<void> {
  await client
    .update(resource, { ...owner, status }, { namespace: owner.metadata?.namespace, subresource: 'status', signal })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}

const describe = (reason: ReplicaFailure['reason'], error: unknown): ShownFailure => ({
  shown: { reason, message: messageOf(error) },
  error,
});
