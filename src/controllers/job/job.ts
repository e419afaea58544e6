import { jobs } from '../../api/batch/job.ts';
import { pods } from '../../api/core/pod.ts';
import { apiVersionOf, resourceId } from '../../api/define.ts';
import { controllerOf, type KubeObject, objectKey } from '../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { isInvalid, isNotFound } from '../../api/meta/status.ts';
import type { Job, Pod } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { applyClaim } from '../lib/apply-claim.ts';
import { type CompletionMode, type ControllerObserver, type JobSyncAction, UNOBSERVED } from '../lib/controller-observer.ts';
import { claim, ORPHAN_INDEX, orphansByNamespace } from '../lib/ownership-plan.ts';
import { createPods, deletePods, type Failure, isNamespaceGoing } from '../lib/pod-control.ts';
import { canonical } from '../lib/template-hash-plan.ts';
import { isFinishedJob } from './finish-plan.ts';
import { indexState } from './indexed-plan.ts';
import { type JobPlan, planJob } from './job-plan.ts';
import { jobPod } from './job-pod.ts';
import { isTracked, TRACKING, trackedBy } from './job-pods-plan.ts';

const TRACKED_INDEX = 'job-tracked';
const OURSELVES = 'kubernetes.io/job-controller';

/** Runs pods until enough of them have succeeded (https://kubernetes.io/docs/concepts/workloads/controllers/job/). */
export const job = (observer: ControllerObserver = UNOBSERVED): Controller => ({
  name: 'job',
  reads: [resourceId(jobs), 'pods'],
  writes: ['pods', `${resourceId(jobs)}/status`],
  indexes: { pods: { [ORPHAN_INDEX]: orphansByNamespace, [TRACKED_INDEX]: trackedBy } },
  enqueue: { pods: jobsOf },
  reconcile: (request) => reconcile(request, observer),
});

/** The pod's Job, and that whose finalizer it has; for an orphan every Job that could adopt it. */
function jobsOf(pod: KubeObject, { informer }: ControllerContext): string[] {
  const { namespace = '', labels, deletionTimestamp } = pod.metadata ?? {};
  const owner = controllerOf(pod);
  const isOurs = owner?.kind === jobs.kind && owner.apiVersion.startsWith(`${jobs.group}/`);
  if (owner) return [...new Set([...trackedBy(pod), ...(isOurs ? [`${namespace}/${owner.name}`] : [])])];
  const adopters = deletionTimestamp
    ? []
    : informer(jobs)
        .by('namespace', namespace)
        .filter(({ spec }) => spec?.selector && labelSelectorMatcher(spec.selector)(labels));
  return [...new Set([...trackedBy(pod), ...adopters.map(objectKey)])];
}

const isManagedElsewhere = ({ spec }: Job) => spec?.managedBy !== undefined && spec.managedBy !== OURSELVES;

async function reconcile(request: ReconcileRequest, observer: ControllerObserver) {
  const { informer, clock, key } = request;
  const found = informer(jobs).get(key);
  if (found && isManagedElsewhere(found)) return undefined;
  const tracked = informer(pods).by(TRACKED_INDEX, key);
  if (!found) return untrack(tracked, request);
  const owner = { ...found, apiVersion: apiVersionOf(jobs), kind: jobs.kind };
  if (isFinishedJob(owner)) return untrack(tracked, request);
  const startMs = clock.monotonic();
  const told: Told = { observer, action: 'reconciling', result: 'error' };
  try {
    return await sync(owner, tracked, request, told);
  } finally {
    observer.jobSynced(modeOf(owner), told.result, told.action, (clock.monotonic() - startMs) / 1000);
  }
}

interface Told {
  readonly observer: ControllerObserver;
  action: JobSyncAction;
  result: 'success' | 'error';
}

async function sync(owner: Job & { apiVersion: string; kind: string }, tracked: readonly Pod[], request: ReconcileRequest, told: Told) {
  const { clock } = request;
  const owned = await claimPods(owner, request);
  const uids = new Set(owned.map((pod) => pod.metadata?.uid));
  const strays = tracked.filter((pod) => !uids.has(pod.metadata?.uid));
  await untrack(strays, request);
  const plan = planJob(owner, owned, clock.now());
  told.action = actionOf(plan);
  const failed = await act(owner, owned, plan, request);
  await writeStatus(owner, failed ? { ...plan.status, active: undefined, ...plan.unmoved } : plan.status, request);
  tellProgress(owner, plan.status, told.observer);
  await untrack(plan.untrack, request);
  for (const { type, reason, message } of plan.events) request.event(owner, type, reason, message);
  if (failed && !isNamespaceGoing(failed.error)) throw failed.error;
  told.result = 'success';
  return plan.untilMs === undefined ? undefined : { afterMs: Math.max(0, plan.untilMs - clock.now()) };
}

const modeOf = ({ spec }: Job): CompletionMode => (spec?.completionMode === 'Indexed' ? 'Indexed' : 'NonIndexed');

function actionOf({ create, discard, stop }: JobPlan): JobSyncAction {
  if (discard.length + stop.length > 0) return 'pods_deleted';
  return create.length > 0 ? 'pods_created' : 'tracking';
}

function tellProgress(owner: Job, status: Job['status'], observer: ControllerObserver): void {
  const mode = modeOf(owner);
  for (const result of ['succeeded', 'failed'] as const) {
    const more = (status?.[result] ?? 0) - (owner.status?.[result] ?? 0);
    if (more > 0) observer.jobPodsFinished(mode, result, more);
  }
  const end = status?.conditions?.find(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True');
  if (end) observer.jobFinished(mode, end.type === 'Complete' ? 'succeeded' : 'failed', end.reason ?? '');
}

/** Pods get the finalizer before they are adopted and lose it before they are let go: what is owned is tracked. */
async function claimPods(owner: Job, request: ReconcileRequest): Promise<readonly Pod[]> {
  const { uid = '', namespace = '' } = owner.metadata ?? {};
  const informer = request.informer(pods);
  const matches = labelSelectorMatcher(owner.spec?.selector);
  const candidates = [...informer.by('owner', uid), ...informer.by(ORPHAN_INDEX, namespace)];
  const claimed = claim(owner, candidates, (pod) => matches(pod.metadata?.labels));
  await untrack(claimed.release, request);
  for (const pod of claimed.adopt) if (!isTracked(pod)) await patchFinalizers(pod, { finalizers: [TRACKING] }, request);
  return applyClaim(request, { resource: jobs, object: owner }, pods, claimed);
}

async function act(
  owner: Job & { apiVersion: string; kind: string },
  owned: readonly Pod[],
  { create, discard, stop }: JobPlan,
  request: ReconcileRequest,
): Promise<Failure | undefined> {
  const kept = owner.spec?.backoffLimitPerIndex === undefined ? undefined : indexState(owner, owned).kept;
  await untrack(discard, request);
  const undeleted = await deletePods(owner, [...discard, ...stop], request);
  if (undeleted) return undeleted;
  const wanted = create.map((index) => jobPod(owner, index, index === undefined ? undefined : kept?.get(index)));
  return createPods(owner, wanted, request);
}

async function writeStatus(owner: Job, status: Job['status'], { client, signal }: ReconcileRequest): Promise<void> {
  if (canonical(status) === canonical(owner.status)) return;
  await client.update(jobs, { ...owner, status }, { namespace: owner.metadata?.namespace, subresource: 'status', signal });
}

async function untrack(tracked: readonly Pod[], request: ReconcileRequest): Promise<undefined> {
  const patch = { '$deleteFromPrimitiveList/finalizers': [TRACKING] };
  const results = await Promise.allSettled(tracked.filter(isTracked).map((pod) => patchFinalizers(pod, patch, request)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function patchFinalizers({ metadata }: Pod, change: object, { client, signal }: ReconcileRequest): Promise<void> {
  const { name = '', namespace, uid } = metadata ?? {};
  const patch = { metadata: { uid, ...change } };
  await client.patch(pods, name, 'strategic', patch, { namespace, signal }).catch((error: unknown) => {
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  });
}
