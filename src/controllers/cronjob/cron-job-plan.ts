import type { CronJob, CronJobStatus, Job, ObjectReference } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { lastDue, type Schedule } from './due-plan.ts';

export const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export interface CronJobEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const isTrue = (job: Job, type: string) => job.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
const endOf = (job: Job) => ['Complete', 'Failed'].find((type) => isTrue(job, type));

export const referenceTo = ({ metadata }: Job): ObjectReference => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name: metadata?.name,
  namespace: metadata?.namespace,
  uid: metadata?.uid,
  resourceVersion: metadata?.resourceVersion,
});

const later = (a: string | undefined, b: string | undefined) =>
  a !== undefined && (b === undefined || Date.parse(a) >= Date.parse(b)) ? a : b;

/** Jobs of ours that the status does not know (it could not be written after they were made) are taken in; those that others made are told of. */
function meet(cronJob: CronJob, job: Job, events: CronJobEvent[]): { scheduledAt?: string } {
  const scheduledAt = job.metadata?.annotations?.[SCHEDULED_AT];
  const atMs = Date.parse(scheduledAt ?? '');
  if (Number.isFinite(atMs) && job.metadata?.name === jobName(cronJob, atMs)) return { scheduledAt: rfc3339(atMs) };
  const message = `Saw a job that the controller did not create or forgot: ${job.metadata?.name}`;
  events.push({ type: 'Warning', reason: 'UnexpectedJob', message });
  return {};
}

/** What the status should say of the Jobs as they are. */
export function observe(cronJob: CronJob, jobs: readonly Job[]): { status: CronJobStatus; events: readonly CronJobEvent[] } {
  const events: CronJobEvent[] = [];
  const { active = [], ...times } = cronJob.status ?? {};
  const children = new Map(jobs.map((job) => [job.metadata?.uid, job]));
  const still = active.filter(({ uid, name }) => {
    const job = children.get(uid);
    const end = job && endOf(job);
    if (!job) events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` });
    if (end) events.push({ type: 'Normal', reason: 'SawCompletedJob', message: `Saw completed job: ${name}, condition: ${end}` });
    return job && !end;
  });
  let { lastScheduleTime, lastSuccessfulTime } = times;
  for (const job of jobs) {
    if (isTrue(job, 'Complete')) lastSuccessfulTime = later(job.status?.completionTime, lastSuccessfulTime);
    if (endOf(job) || active.some(({ uid }) => uid === job.metadata?.uid)) continue;
    const { scheduledAt } = meet(cronJob, job, events);
    if (scheduledAt === undefined) continue;
    still.push(referenceTo(job));
    lastScheduleTime = later(scheduledAt, lastScheduleTime);
  }
  const status = {
    ...(still.length > 0 && { active: still }),
    ...(lastScheduleTime && { lastScheduleTime }),
    ...(lastSuccessfulTime && { lastSuccessfulTime }),
  };
  return { status, events };
}

/** Finished Jobs beyond the limits, oldest first. */
export function surplusJobs({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  // Those that never started come last.
  const age = (job: Job) => job.status?.startTime ?? '9';
  const beyond = (type: string, limit: number | undefined) => {
    if (limit === undefined) return [];
    const ended = jobs.filter((job) => endOf(job) === type && !job.metadata?.deletionTimestamp);
    ended.sort((a, b) => (`${age(a)} ${a.metadata?.name}` < `${age(b)} ${b.metadata?.name}` ? -1 : 1));
    return ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...beyond('Complete', spec.successfulJobsHistoryLimit), ...beyond('Failed', spec.failedJobsHistoryLimit)];
}

/** The same run has the same name, so that it cannot be started twice. */
export const jobName = ({ metadata }: CronJob, runMs: number): string => `${metadata?.name}-${Math.floor(runMs / 60_000)}`;

export interface RunPlan {
  /** The run that is to start now. */
  readonly startMs?: number;
  /** The Jobs that run are to be deleted before. */
  readonly replace?: boolean;
  readonly events: readonly CronJobEvent[];
}

const MANY = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
const NEVER = 'time difference between two schedules is less than 1 second';
const FORBIDDEN = 'Not starting job because prior execution is running and concurrency policy is Forbid';

/** Is a run due (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/)? `status`: as observed just now. */
export function planRun({ metadata, spec }: CronJob, status: CronJobStatus, schedule: Schedule, nowMs: number): RunPlan {
  const knownMs = Date.parse(status.lastScheduleTime ?? metadata?.creationTimestamp ?? '');
  const deadlineMs = spec.startingDeadlineSeconds === undefined ? undefined : Number(spec.startingDeadlineSeconds) * 1000;
  const fromMs = Math.max(knownMs, deadlineMs === undefined ? 0 : nowMs - deadlineMs);
  // A day that there is not, such as the 31st of February.
  if (schedule.next(fromMs) === undefined) {
    return { events: [{ type: 'Warning', reason: 'InvalidSchedule', message: `invalid schedule: ${spec.schedule} : ${NEVER}` }] };
  }
  const due = lastDue(schedule, fromMs, nowMs);
  if (!due) return { events: [] };
  const events: CronJobEvent[] = due.many ? [{ type: 'Warning', reason: 'TooManyMissedTimes', message: MANY }] : [];
  if (deadlineMs !== undefined && due.runMs + deadlineMs < nowMs) {
    const message = `Missed scheduled time to start a job: ${new Date(due.runMs).toUTCString().replace('GMT', '+0000')}`;
    return { events: [...events, { type: 'Warning', reason: 'MissSchedule', message }] };
  }
  const running = (status.active ?? []).length > 0;
  if (running && spec.concurrencyPolicy === 'Forbid') {
    return { events: [...events, { type: 'Normal', reason: 'JobAlreadyActive', message: FORBIDDEN }] };
  }
  return { startMs: due.runMs, replace: running && spec.concurrencyPolicy === 'Replace', events };
}
