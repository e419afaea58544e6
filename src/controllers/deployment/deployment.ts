import { deployments } from '../../api/apps/deployment.ts';
import { replicaSets } from '../../api/apps/replica-set.ts';
import { pods } from '../../api/core/pod.ts';
import { controllerOf, type KubeObject, objectKey } from '../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { Deployment, Pod, ReplicaSet } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { applyClaim } from '../lib/apply-claim.ts';
import { claim, ORPHAN_INDEX, orphansByNamespace } from '../lib/ownership-plan.ts';
import { isNamespaceGoing, messageOf } from '../lib/pod-control.ts';
import { isFinished } from '../lib/pod-state-plan.ts';
import { ADMITTED_TEMPLATE, REVISION } from './deployment-annotations-plan.ts';
import { planRollout, type RolloutPlan, type RolloutStep } from './deployment-plan.ts';
import { planDeploymentStatus } from './deployment-status-plan.ts';
import { admittedTemplate, findCurrent, isSameTemplate } from './deployment-template-plan.ts';
import type { RollbackPlan } from './rollback-plan.ts';
import { sizeOf } from './rolling-plan.ts';

/** Rolls out templates through ReplicaSets (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/). */
export const deployment: Controller = {
  name: 'deployment',
  reads: ['deployments.apps', 'replicasets.apps', 'pods'],
  writes: ['deployments.apps', 'deployments.apps/status', 'replicasets.apps'],
  indexes: { 'replicasets.apps': { [ORPHAN_INDEX]: orphansByNamespace } },
  enqueue: { 'replicasets.apps': deploymentsOf, pods: waitingForPod },
  reconcile,
};

const selectorOf = ({ spec }: Deployment) => labelSelectorMatcher(spec?.selector);

function deploymentsOf(replicaSet: KubeObject, context: ControllerContext): string[] {
  const { namespace = '', labels, deletionTimestamp } = replicaSet.metadata ?? {};
  const owner = controllerOf(replicaSet);
  if (owner) return owner.kind === 'Deployment' && owner.apiVersion.startsWith('apps/') ? [`${namespace}/${owner.name}`] : [];
  if (deletionTimestamp) return [];
  return context
    .informer(deployments)
    .by('namespace', namespace)
    .filter((d) => selectorOf(d)(labels))
    .map(objectKey);
}

/** Pods matter to Recreate alone, which waits for the last old one to go. */
function waitingForPod(pod: KubeObject, { informer }: ControllerContext): string[] {
  const parent = controllerOf(pod);
  const { namespace } = pod.metadata ?? {};
  const owner = parent?.kind === 'ReplicaSet' ? controllerOf(informer(replicaSets).get(`${namespace}/${parent.name}`) ?? {}) : undefined;
  const found = owner && informer(deployments).get(`${namespace}/${owner.name}`);
  return found?.spec?.strategy?.type === 'Recreate' ? [objectKey(found)] : [];
}

async function reconcile(request: ReconcileRequest) {
  const { informer, clock, key } = request;
  const object = informer(deployments).get(key);
  if (!object) return undefined;
  const selects = selectorOf(object);
  const sets = informer(replicaSets);
  const { uid = '', namespace = '' } = object.metadata ?? {};
  const candidates = [...sets.by('owner', uid), ...sets.by(ORPHAN_INDEX, namespace)];
  const claimed = claim(object, candidates, (rs) => selects(rs.metadata?.labels));
  const owned = await applyClaim(request, { resource: deployments, object }, replicaSets, claimed);
  const hasOldPods = (old: readonly ReplicaSet[]) =>
    old.some((rs) =>
      informer(pods)
        .by('owner', rs.metadata?.uid ?? '')
        .some((pod: Pod) => !isFinished(pod)),
    );
  const plan = planRollout({ deployment: object, replicaSets: owned, hasOldPods, nowMs: clock.now() });
  for (const step of plan.steps) {
    if (!(await take(step, object, owned, request))) return undefined;
  }
  if (plan.rollback && plan.revision === undefined) return rollBack(plan.rollback, request);
  if (plan.revision !== undefined || plan.status) await writeStatus(object, plan, request);
  return plan.afterMs === undefined ? undefined : { afterMs: plan.afterMs };
}

async function rollBack({ deployment: object, type, reason, message }: RollbackPlan, { client, event, signal }: ReconcileRequest) {
  await client.update(deployments, object, { namespace: object.metadata?.namespace, signal });
  event(object, type, reason, message);
}

/** False: the plan does not hold any more, and the next run makes another. */
async function take(step: RolloutStep, owner: Deployment, owned: readonly ReplicaSet[], request: ReconcileRequest): Promise<boolean> {
  const { client, event, signal } = request;
  const { namespace, name = '', uid } = step.replicaSet.metadata ?? {};
  switch (step.do) {
    case 'create':
      return create(step.replicaSet, owner, owned, request);
    case 'update': {
      await client.update(replicaSets, step.replicaSet, { namespace, signal });
      const [from, to] = [sizeOf(step.was), sizeOf(step.replicaSet)];
      if (from !== to)
        event(owner, 'Normal', 'ScalingReplicaSet', `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`);
      return true;
    }
    case 'delete':
      await client.delete(replicaSets, name, { namespace, delete: { preconditions: { uid } }, signal }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return true;
  }
}

async function create(
  replicaSet: ReplicaSet,
  owner: Deployment,
  owned: readonly ReplicaSet[],
  request: ReconcileRequest,
): Promise<boolean> {
  const { client, event, signal } = request;
  const { namespace, name } = replicaSet.metadata ?? {};
  try {
    const made = await client.create(replicaSets, replicaSet, { namespace, signal });
    if (!isSameTemplate(made.spec?.template, replicaSet.spec?.template)) await noteAdmission(made, owner, request);
    const size = sizeOf(replicaSet);
    if (size > 0) event(owner, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${size}`);
    return true;
  } catch (error) {
    if (isAlreadyExists(error)) await resolveCollision(replicaSet, owner, request);
    else await tellFailure(error, name, owner, owned, request);
    return false;
  }
}

/** A webhook or policy changed the template: the ReplicaSet is the Deployment's all the same, and is known by this note from now on. */
async function noteAdmission(made: ReplicaSet, owner: Deployment, { client, event, signal }: ReconcileRequest): Promise<void> {
  const { namespace, name = '', uid } = made.metadata ?? {};
  const message = `Admission changed the pod template of replica set ${name}: its pods are not as the deployment says`;
  event(owner, 'Warning', 'ReplicaSetTemplateChanged', message);
  const body = { metadata: { uid, annotations: { [ADMITTED_TEMPLATE]: admittedTemplate(made) } } };
  await client.patch(replicaSets, name, 'merge', body, { namespace, signal });
}

/** The name is taken. By our own of the same template: the cache will show it. By another: the next hash is counted on. */
async function resolveCollision(replicaSet: ReplicaSet, owner: Deployment, { client, log, key, signal }: ReconcileRequest): Promise<void> {
  const { namespace, name = '' } = replicaSet.metadata ?? {};
  const taken = await client.get(replicaSets, name, { namespace, signal });
  if (controllerOf(taken)?.uid === owner.metadata?.uid && findCurrent(owner, [taken])) return;
  const collisionCount = (owner.status?.collisionCount ?? 0) + 1;
  log.info({ deployment: key, replicaSet: name, collisionCount }, 'template hash collides with another replica set');
  const { resourceVersion } = owner.metadata ?? {};
  const body = { metadata: { resourceVersion }, status: { collisionCount } };
  await client.patch(deployments, owner.metadata?.name ?? '', 'merge', body, { namespace, subresource: 'status', signal });
}

async function tellFailure(
  error: unknown,
  name: string | undefined,
  owner: Deployment,
  owned: readonly ReplicaSet[],
  request: ReconcileRequest,
): Promise<never> {
  if (!isNamespaceGoing(error)) {
    const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
    const news = { is: 'failed-create', message } as const;
    const view = { deployment: owner, current: undefined, all: owned, news, isRollout: true, nowMs: request.clock.now() };
    await writeStatus(owner, { status: planDeploymentStatus(view).status, revision: undefined }, request);
    request.event(owner, 'Warning', 'ReplicaSetCreateError', message);
  }
  throw error;
}

/** Status and the annotation of the revision go in one write to the status, as upstream's do: it is no change of the Deployment's own. */
async function writeStatus(
  object: Deployment,
  { status, revision }: Pick<RolloutPlan, 'status' | 'revision'>,
  { client, signal }: ReconcileRequest,
): Promise<void> {
  const { metadata } = object;
  const annotated = revision === undefined ? metadata : { ...metadata, annotations: { ...metadata?.annotations, [REVISION]: revision } };
  const body = { ...object, metadata: annotated, ...(status && { status }) };
  await client.update(deployments, body, { namespace: metadata?.namespace, subresource: 'status', signal }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
