import type { Job, JobCondition, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { IndexState } from './indexed-plan.ts';
import { parseIndexes } from './indexes-plan.ts';
import { hasFailed } from './job-pods-plan.ts';
import { failureVerdict, successMessage } from './policy-plan.ts';

/** Why a Job ends. First it stands in an interim condition, while pods still go; then in the terminal one. */
export interface Finish {
  readonly type: 'FailureTarget' | 'SuccessCriteriaMet';
  readonly reason: string;
  readonly message: string;
}

export const conditionOf = (job: Job, type: string): JobCondition | undefined =>
  job.status?.conditions?.find((c) => c.type === type && c.status === 'True');

export const isFinishedJob = (job: Job): boolean => ['Complete', 'Failed'].some((type) => conditionOf(job, type));
export const isSuspended = ({ spec }: Job): boolean => spec?.suspend ?? false;

export const newCondition = (type: string, status: string, reason: string, message: string, nowMs: number): JobCondition => ({
  type,
  status,
  lastProbeTime: rfc3339(nowMs),
  lastTransitionTime: rfc3339(nowMs),
  ...(reason && { reason }),
  ...(message && { message }),
});

/** The list with the condition in its place. */
export const withCondition = (list: readonly JobCondition[], condition: JobCondition): JobCondition[] =>
  list.some((c) => c.type === condition.type) ? list.map((c) => (c.type === condition.type ? condition : c)) : [...list, condition];

/** Restarts inside pods count towards the limit when the kubelet restarts containers. */
function restartsExceed({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const running = pods.filter((pod) => pod.status?.phase === 'Running' || pod.status?.phase === 'Pending');
  const statuses = running.flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts > 0 && restarts >= (spec.backoffLimit ?? 6);
}

/** When the Job has been active for too long, in milliseconds since the epoch. */
export function deadlineMs(job: Job, startTime: string | undefined): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  return seconds === undefined || startTime === undefined || isSuspended(job) ? undefined : Date.parse(startTime) + Number(seconds) * 1000;
}

const failure = (reason: string, message: string): Finish => ({ type: 'FailureTarget', reason, message });

function indexFinish(job: Job, { succeeded, failed }: IndexState): Finish | undefined {
  const { maxFailedIndexes, completions = 0, backoffLimitPerIndex } = job.spec ?? {};
  if (backoffLimitPerIndex !== undefined) {
    if (maxFailedIndexes !== undefined && failed.size > maxFailedIndexes) {
      return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    }
    if (failed.size > 0 && failed.size + succeeded.size >= completions) return failure('FailedIndexes', 'Job has failed indexes');
  }
  const message = successMessage(job, succeeded, (text) => parseIndexes(text, completions));
  return message === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message };
}

/** `failedCount`: all failures that count, with those of this moment. */
export interface FinishFacts {
  readonly failedCount: number;
  readonly startTime: string | undefined;
  readonly indexes: IndexState | undefined;
  readonly nowMs: number;
}

/** Does the Job end now, other than by its completions? What was said before stands. */
export function finishOf(job: Job, pods: readonly Pod[], { failedCount, startTime, indexes, nowMs }: FinishFacts): Finish | undefined {
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const said = conditionOf(job, type);
    if (said) return { type, reason: said.reason ?? '', message: said.message ?? '' };
  }
  const fatal = pods.filter((pod) => hasFailed(job, pod)).map((pod) => failureVerdict(job, pod));
  const verdict = fatal.find((v) => v?.action === 'FailJob');
  if (verdict) return failure('PodFailurePolicy', verdict.message);
  if (failedCount > (job.spec?.backoffLimit ?? 6) || restartsExceed(job, pods)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if ((deadlineMs(job, startTime) ?? Number.POSITIVE_INFINITY) <= nowMs) {
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  }
  return indexes && indexFinish(job, indexes);
}
