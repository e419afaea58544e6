import type { Job, Pod } from '../../api/schema/generated/types.ts';
import { isActive } from '../lib/pod-state-plan.ts';
import { formatIndexes, parseIndexes } from './indexes-plan.ts';
import { hasFailed, indexBackoffUntilMs, indexFailures, indexOf, isTracked, onlyReplacesFailed } from './job-pods-plan.ts';
import { failureVerdict } from './policy-plan.ts';

/** The indexes of an Indexed Job. */
export interface IndexState {
  readonly succeeded: ReadonlySet<number>;
  readonly failed: ReadonlySet<number>;
  /** Failed pods that hand their count of failures on: kept until the index has a new pod. */
  readonly kept: ReadonlyMap<number, Pod>;
}

function failedIndexes(job: Job, pods: readonly Pod[]): Set<number> {
  const failed = parseIndexes(job.status?.failedIndexes, job.spec?.completions ?? 0);
  const limit = job.spec?.backoffLimitPerIndex;
  if (limit === undefined) return failed;
  for (const pod of pods) {
    const index = indexOf(job, pod);
    if (index === undefined || !isTracked(pod) || !hasFailed(job, pod)) continue;
    if (indexFailures(job, pod).counted > limit || failureVerdict(job, pod)?.action === 'FailIndex') failed.add(index);
  }
  return failed;
}

const sumOf = ({ counted, ignored }: { counted: number; ignored: number }) => counted + ignored;

export function indexState(job: Job, pods: readonly Pod[]): IndexState {
  const succeeded = parseIndexes(job.status?.completedIndexes, job.spec?.completions ?? 0);
  for (const pod of pods) {
    const index = indexOf(job, pod);
    if (index !== undefined && pod.status?.phase === 'Succeeded' && isTracked(pod)) succeeded.add(index);
  }
  const failed = failedIndexes(job, pods);
  const kept = new Map<number, Pod>();
  if (job.spec?.backoffLimitPerIndex === undefined) return { succeeded, failed, kept };
  const active = new Set(pods.filter(isActive).map((pod) => indexOf(job, pod)));
  for (const pod of pods) {
    const index = indexOf(job, pod);
    if (index === undefined || !isTracked(pod) || !hasFailed(job, pod)) continue;
    if (active.has(index) || succeeded.has(index) || failed.has(index)) continue;
    const other = kept.get(index);
    if (!other || sumOf(indexFailures(job, other)) < sumOf(indexFailures(job, pod))) kept.set(index, pod);
  }
  return { succeeded, failed, kept };
}

/** The lowest indexes that need a pod: neither done, nor given up, nor with a pod at work. */
export function pendingIndexes(job: Job, pods: readonly Pod[], { succeeded, failed }: IndexState, count: number): number[] {
  const going = (pod: Pod) => onlyReplacesFailed(job) && pod.metadata?.deletionTimestamp !== undefined && !hasFailed(job, pod);
  const taken = new Set(pods.filter((pod) => isActive(pod) || going(pod)).map((pod) => indexOf(job, pod)));
  const pending: number[] = [];
  for (let index = 0; index < (job.spec?.completions ?? 0) && pending.length < count; index += 1) {
    if (!succeeded.has(index) && !failed.has(index) && !taken.has(index)) pending.push(index);
  }
  return pending;
}

/** Those of the indexes whose own back-off is over, and when the first of the others may run. */
export function afterBackoff(job: Job, indexes: readonly number[], { kept }: IndexState, nowMs: number) {
  const until = (index: number) => indexBackoffUntilMs(job, kept.get(index));
  const waiting = indexes.map(until).filter((at) => at > nowMs);
  return { ready: indexes.filter((index) => until(index) <= nowMs), untilMs: waiting.length > 0 ? Math.min(...waiting) : undefined };
}

export const indexStatus = (job: Job, { succeeded, failed }: IndexState) => ({
  ...(succeeded.size > 0 && { completedIndexes: formatIndexes(succeeded) }),
  ...(job.spec?.backoffLimitPerIndex !== undefined && { failedIndexes: formatIndexes(failed) }),
});
