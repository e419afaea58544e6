import { controllerRevisions } from '../../api/apps/controller-revision.ts';
import { statefulSets } from '../../api/apps/stateful-set.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { pods } from '../../api/core/pod.ts';
import { controllerOf, type KubeObject, objectKey } from '../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ControllerRevision, Pod, StatefulSet, StatefulSetStatus } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext, ReconcileRequest, ReconcileResult } from '../../client/controller.ts';
import { applyClaim } from '../lib/apply-claim.ts';
import { claim, ORPHAN_INDEX, orphansByNamespace } from '../lib/ownership-plan.ts';
import { ordinalOf, revisionOf } from './identity-plan.ts';
import { named, takeSteps } from './member-steps.ts';
import { pruneRevisions, recordRevisions } from './revisions.ts';
import { planStatefulSet } from './statefulset-plan.ts';

/** Keeps pods with stable names, one an ordinal (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/). */
export const statefulSet: Controller = {
  name: 'statefulset',
  reads: ['statefulsets.apps', 'pods', 'controllerrevisions.apps', 'persistentvolumeclaims'],
  writes: ['pods', 'persistentvolumeclaims', 'controllerrevisions.apps', 'statefulsets.apps/status'],
  indexes: { pods: { [ORPHAN_INDEX]: orphansByNamespace }, 'controllerrevisions.apps': { [ORPHAN_INDEX]: orphansByNamespace } },
  enqueue: { pods: ownersOf, 'controllerrevisions.apps': ownersOf, persistentvolumeclaims: usersOf },
  reconcile,
};

const selectorOf = ({ spec }: StatefulSet) => labelSelectorMatcher(spec?.selector);
const setsOf = ({ metadata }: KubeObject, { informer }: ControllerContext) =>
  informer(statefulSets).by('namespace', metadata?.namespace ?? '');

/** The controller of the object; for an orphan every set that could adopt it. */
function ownersOf(object: KubeObject, context: ControllerContext): string[] {
  const { namespace = '', labels, deletionTimestamp } = object.metadata ?? {};
  const owner = controllerOf(object);
  if (owner) return owner.kind === 'StatefulSet' && owner.apiVersion.startsWith('apps/') ? [`${namespace}/${owner.name}`] : [];
  if (deletionTimestamp) return [];
  return setsOf(object, context)
    .filter((set) => selectorOf(set)(labels))
    .map(objectKey);
}

/** Sets whose member's claim this is by its name: it may be missing now, or no longer in the way. */
function usersOf(object: KubeObject, context: ControllerContext): string[] {
  const name = object.metadata?.name ?? '';
  const isClaimOf = ({ metadata, spec }: StatefulSet) =>
    spec?.volumeClaimTemplates?.some((template) => name.startsWith(`${template.metadata?.name}-${metadata?.name}-`)) ?? false;
  return setsOf(object, context).filter(isClaimOf).map(objectKey);
}

async function reconcile(request: ReconcileRequest): Promise<ReconcileResult> {
  const { informer, clock, key } = request;
  const set = informer(statefulSets).get(key);
  if (!set) return undefined;
  const namespace = set.metadata?.namespace ?? '';
  const revisions = await recordRevisions(set, await ownedRevisions(set, request), request);
  const members = await ownedPods(set, request);
  const plan = planStatefulSet({
    set,
    pods: members,
    claim: (name) => informer(persistentVolumeClaims).get(`${namespace}/${name}`),
    ...revisions,
    nowMs: clock.now(),
  });
  for (const name of plan.foreignClaims) request.event(named(set), 'Warning', 'ConflictingController', conflictMessage(name));
  const failure = await takeSteps(set, plan.steps, request);
  if (plan.status) await writeStatus(set, plan.status, request);
  if (failure) throw failure.error;
  const live = new Set([revisions.current.name, revisions.update.name, ...members.map(revisionOf)]);
  await pruneRevisions(set, revisions, live, request);
  return plan.afterMs === undefined ? undefined : { afterMs: plan.afterMs };
}

/** Upstream's words, as they are. */
const conflictMessage = (claimName: string) =>
  `PersistentVolumeClaim ${claimName} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;

/** Pods that match the selector, and have a name that the set gives. */
function ownedPods(set: StatefulSet, request: ReconcileRequest): Promise<readonly Pod[]> {
  const { uid = '', namespace = '' } = set.metadata ?? {};
  const all = request.informer(pods);
  const matches = selectorOf(set);
  const claimed = claim(
    set,
    [...all.by('owner', uid), ...all.by(ORPHAN_INDEX, namespace)],
    (pod) => matches(pod.metadata?.labels) && ordinalOf(set, pod) !== undefined,
  );
  return applyClaim(request, { resource: statefulSets, object: set }, pods, claimed);
}

function ownedRevisions(set: StatefulSet, request: ReconcileRequest): Promise<readonly ControllerRevision[]> {
  const { uid = '', namespace = '' } = set.metadata ?? {};
  const all = request.informer(controllerRevisions);
  const matches = selectorOf(set);
  const claimed = claim(set, [...all.by('owner', uid), ...all.by(ORPHAN_INDEX, namespace)], (r) => matches(r.metadata?.labels));
  return applyClaim(request, { resource: statefulSets, object: set }, controllerRevisions, claimed);
}

async function writeStatus(set: StatefulSet, status: StatefulSetStatus, { client, signal }: ReconcileRequest): Promise<void> {
  const options = { namespace: set.metadata?.namespace, subresource: 'status', signal };
  await client.update(statefulSets, { ...set, status }, options).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
