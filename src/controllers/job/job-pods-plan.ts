import { controllerOf, type KubeObject } from '../../api/meta/object.ts';
import type { Job, Pod } from '../../api/schema/generated/types.ts';
import { podCondition } from '../lib/pod-state-plan.ts';
import { failureVerdict } from './policy-plan.ts';

/** Keeps a pod until its end has been counted (https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers). */
export const TRACKING = 'batch.kubernetes.io/job-tracking';
export const INDEX = 'batch.kubernetes.io/job-completion-index';
export const FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';

const FIRST_BACKOFF_MS = 10_000;
const LONGEST_BACKOFF_MS = 360_000;

export const isTracked = (pod: KubeObject): boolean => pod.metadata?.finalizers?.includes(TRACKING) ?? false;
export const isIndexed = ({ spec }: Job): boolean => spec?.completionMode === 'Indexed';
export const onlyReplacesFailed = ({ spec }: Job): boolean => spec?.podReplacementPolicy === 'Failed';

/** The key of the Job for which the finalizer was put there: its controller, or by the label when nobody controls the pod any more. */
export function trackedBy(pod: KubeObject): readonly string[] {
  if (!isTracked(pod)) return [];
  const owner = controllerOf(pod);
  const name = owner?.kind === 'Job' ? owner.name : pod.metadata?.labels?.['batch.kubernetes.io/job-name'];
  return name ? [`${pod.metadata?.namespace}/${name}`] : [];
}

/** undefined: it has none that the Job knows. */
export function indexOf(job: Job, pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[INDEX];
  const index = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  return index !== undefined && index < (job.spec?.completions ?? 0) ? index : undefined;
}

/** Deleted pods are failures at once, unless only failed ones are replaced: then they are when their containers have stopped. */
export function hasFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  return !onlyReplacesFailed(job) && metadata?.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

export const failureCounts = (job: Job, pod: Pod): boolean => failureVerdict(job, pod)?.action !== 'Ignore';

/** When the last of the containers ended, sidecars as well; undefined: one of them has not, or nobody says when. */
function containersEndedMs({ spec, status }: Pod): number | undefined {
  const sidecars = new Set((spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []).filter((c) => sidecars.has(c.name))];
  const ends = statuses.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''));
  return ends.length > 0 && ends.every(Number.isFinite) ? Math.max(...ends) : undefined;
}

/** When the pod ended, in milliseconds since the epoch; the next best time when its containers do not say. */
function finishedMs(pod: Pod): number {
  const { metadata } = pod;
  const ended = containersEndedMs(pod);
  if (ended !== undefined) return ended;
  const ready = podCondition(pod, 'Ready');
  const turned = ready?.status === 'False' ? Date.parse(ready.lastTransitionTime ?? '') : Number.NaN;
  if (Number.isFinite(turned)) return turned;
  const deleted = Date.parse(metadata?.deletionTimestamp ?? '') - Number(metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
  return Number.isFinite(deleted) ? deleted : Date.parse(metadata?.creationTimestamp ?? '');
}

const backoffEnd = (failures: number, lastMs: number): number =>
  failures > 0 ? lastMs + Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS) : 0;

/** Until when no pod is made: failures since the last success double the wait, from 10 seconds to 6 minutes. */
export function backoffUntilMs(job: Job, pods: readonly Pod[]): number {
  const succeeded = pods.filter((pod) => pod.status?.phase === 'Succeeded').map(finishedMs);
  const lastSuccess = Math.max(0, ...succeeded);
  const failures = pods
    .filter((pod) => hasFailed(job, pod))
    .map(finishedMs)
    .filter((at) => at > lastSuccess);
  return backoffEnd(failures.length, Math.max(0, ...failures));
}

const countIn = (pod: Pod | undefined, annotation: string) => Number(pod?.metadata?.annotations?.[annotation] ?? 0) || 0;

/** How often the index has failed, with this pod: those that count, and those that a policy ignores. */
export function indexFailures(job: Job, pod: Pod | undefined): { counted: number; ignored: number } {
  const [counted, ignored] = [countIn(pod, FAILURES), countIn(pod, IGNORED_FAILURES)];
  if (!pod) return { counted, ignored };
  return failureCounts(job, pod) ? { counted: counted + 1, ignored } : { counted, ignored: ignored + 1 };
}

export function indexBackoffUntilMs(job: Job, failed: Pod | undefined): number {
  if (!failed) return 0;
  const { counted, ignored } = indexFailures(job, failed);
  return backoffEnd(counted + ignored, finishedMs(failed));
}
