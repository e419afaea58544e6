import type { Job, JobCondition, JobStatus, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { isActive, isFinished, isReady } from '../lib/pod-state-plan.ts';
import { conditionOf, deadlineMs, type Finish, finishOf, isSuspended, newCondition, withCondition } from './finish-plan.ts';
import { type IndexState, indexState, indexStatus } from './indexed-plan.ts';
import { failureCounts, hasFailed, indexOf, isIndexed, isTracked } from './job-pods-plan.ts';
import { planScale, type ScalePlan } from './scale-plan.ts';

/** Ends that may stand in the status uncounted; the rest waits for the next run (upstream: MaxUncountedPods). */
const MAX_UNCOUNTED = 500;

export interface JobEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface JobPlan extends ScalePlan {
  /** Deleted, but their ends still count: they keep their finalizers for now. */
  readonly stop: readonly Pod[];
  /** To be written before `untrack` is acted on: only then is what has ended counted exactly once. */
  readonly status: JobStatus;
  /** What the status says of pods when none of the creations and deletions came about. */
  readonly unmoved: Pick<JobStatus, 'active' | 'ready' | 'terminating'>;
  /** Pods whose finalizers go, now that the status knows of them. */
  readonly untrack: readonly Pod[];
  readonly events: readonly JobEvent[];
}

interface Counts {
  readonly succeeded: number;
  readonly failed: number;
  readonly uncountedSucceeded: readonly string[];
  readonly uncountedFailed: readonly string[];
}

/** Ends whose pods have lost their finalizers (or are gone) move from the lists into the counters. */
function settle({ status }: Job, pods: readonly Pod[]): Counts {
  const tracked = new Set(pods.filter(isTracked).map((pod) => pod.metadata?.uid ?? ''));
  const split = (uids: readonly string[] = []) => {
    const left = uids.filter((uid) => tracked.has(uid));
    return { left, counted: uids.length - left.length };
  };
  const succeeded = split(status?.uncountedTerminatedPods?.succeeded);
  const failed = split(status?.uncountedTerminatedPods?.failed);
  return {
    succeeded: (status?.succeeded ?? 0) + succeeded.counted,
    failed: (status?.failed ?? 0) + failed.counted,
    uncountedSucceeded: succeeded.left,
    uncountedFailed: failed.left,
  };
}

const uidOf = (pod: Pod) => pod.metadata?.uid ?? '';
const isNumbered = (job: Job, pod: Pod) => !isIndexed(job) || indexOf(job, pod) !== undefined;

/** Which pods have come to an end that is noted now, and the lists with them. */
function track(job: Job, pods: readonly Pod[], counts: Counts, finish: Finish | undefined, indexes: IndexState | undefined) {
  const succeeded = [...counts.uncountedSucceeded];
  const failed = [...counts.uncountedFailed];
  const untrack: Pod[] = [];
  const kept = new Set(finish || job.metadata?.deletionTimestamp ? [] : indexes?.kept.values());
  for (const pod of pods) {
    if (untrack.length >= MAX_UNCOUNTED) break;
    if (!isTracked(pod) || kept.has(pod)) continue;
    const [won, lost] = [pod.status?.phase === 'Succeeded', hasFailed(job, pod)];
    if (!won && !lost && !finish && !job.metadata?.deletionTimestamp) continue;
    untrack.push(pod);
    const uid = uidOf(pod);
    if (succeeded.includes(uid) || failed.includes(uid) || !isNumbered(job, pod)) continue;
    // An index in completedIndexes is enough: it cannot be counted twice.
    if (won && !isIndexed(job)) succeeded.push(uid);
    if (!won && (lost || finish?.type === 'FailureTarget') && failureCounts(job, pod)) failed.push(uid);
  }
  return { untrack, succeeded, failed };
}

interface Suspension {
  readonly conditions: readonly JobCondition[];
  readonly startTime: string | undefined;
  readonly events: readonly JobEvent[];
}

/** A suspended Job has not started, and a resumed one starts anew: its deadline does not count the pause, and where its pods go may be changed meanwhile (KEP-5440). */
function suspension(job: Job, nowMs: number): Suspension {
  const { conditions = [], startTime } = job.status ?? {};
  const was = conditionOf(job, 'Suspended') !== undefined;
  if (isSuspended(job)) {
    if (was) return { conditions, startTime, events: [] };
    const condition = newCondition('Suspended', 'True', 'JobSuspended', 'Job suspended', nowMs);
    const events = [{ type: 'Normal', reason: 'Suspended', message: 'Job suspended' }] as const;
    return { conditions: withCondition(conditions, condition), startTime: undefined, events };
  }
  if (!was) return { conditions, startTime: startTime ?? rfc3339(nowMs), events: [] };
  const condition = newCondition('Suspended', 'False', 'JobResumed', 'Job resumed', nowMs);
  const events = [{ type: 'Normal', reason: 'Resumed', message: 'Job resumed' }] as const;
  return { conditions: withCondition(conditions, condition), startTime: rfc3339(nowMs), events };
}

const COMPLETED: Finish = {
  type: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

/**
 * What is to be done for a Job that has not finished (Kubernetes, "Jobs"; KEP-2307 for exact counts). `pods`: all that it controls, as the
 * cache shows them after the last run's writes.
 */
export function planJob(job: Job, pods: readonly Pod[], nowMs: number): JobPlan {
  const counts = settle(job, pods);
  const fresh = pods.filter((pod) => isTracked(pod) && isNumbered(job, pod));
  const noted = new Set([...counts.uncountedSucceeded, ...counts.uncountedFailed]);
  const unnoted = fresh.filter((pod) => !noted.has(uidOf(pod)));
  const newlyFailed = unnoted.filter((pod) => hasFailed(job, pod) && failureCounts(job, pod)).length;
  const indexes = isIndexed(job) ? indexState(job, pods) : undefined;
  const newlySucceeded = unnoted.filter((pod) => pod.status?.phase === 'Succeeded').length;
  const succeeded = indexes?.succeeded.size ?? counts.succeeded + counts.uncountedSucceeded.length + newlySucceeded;
  const pause = suspension(job, nowMs);
  const failedCount = counts.failed + counts.uncountedFailed.length + newlyFailed;
  const given = finishOf(job, pods, { failedCount, startTime: pause.startTime, indexes, nowMs });
  const active = pods.filter(isActive);
  const idle = given !== undefined || job.metadata?.deletionTimestamp !== undefined;
  const scale = idle ? { create: [], discard: [] } : planScale(job, pods, { succeeded, indexes, nowMs });
  const stop = given ? active : [];
  const left = active.length + scale.create.length - scale.discard.length;
  const reached = left === 0 && (job.spec?.completions === undefined ? succeeded > 0 : succeeded >= job.spec.completions);
  const finish = given ?? (reached ? COMPLETED : undefined);
  const tracking = track(job, pods, counts, finish, indexes);
  const gone = new Set([...stop, ...scale.discard]);
  const terminating = pods.filter((pod) => pod.metadata?.deletionTimestamp && !isFinished(pod)).length;
  // That it is suspended or resumed is said when its pods are managed, and it has not ended.
  const isManaged = !idle && !finish;
  const startTime = isManaged ? pause.startTime : (job.status?.startTime ?? (isSuspended(job) ? undefined : rfc3339(nowMs)));
  const status: JobStatus = {
    ...shown(left - stop.length, active.filter((pod) => isReady(pod) && !gone.has(pod)).length, terminating + gone.size),
    ...positive('succeeded', indexes?.succeeded.size ?? counts.succeeded),
    ...positive('failed', counts.failed),
    ...(indexes && indexStatus(job, indexes)),
    uncountedTerminatedPods: {
      ...(tracking.succeeded.length > 0 && { succeeded: tracking.succeeded }),
      ...(tracking.failed.length > 0 && { failed: tracking.failed }),
    },
    ...(startTime && { startTime }),
  };
  // Nothing is left to count, and nothing goes any more.
  const settled =
    active.length === 0 && terminating === 0 && !pods.some(isTracked) && tracking.succeeded.length + tracking.failed.length === 0;
  const end = finish && conclude(job, finish, { settled, succeeded }, nowMs);
  const conditions = end?.conditions ?? (isManaged ? pause.conditions : (job.status?.conditions ?? []));
  const deadline = deadlineMs(job, startTime);
  const untilMs = Math.min(scale.untilMs ?? Number.POSITIVE_INFINITY, deadline ?? Number.POSITIVE_INFINITY);
  return {
    ...scale,
    stop,
    untrack: tracking.untrack,
    status: { ...status, ...end?.completion, ...(conditions.length > 0 && { conditions: [...conditions] }) },
    unmoved: shown(active.length, active.filter(isReady).length, terminating),
    events: end?.events ?? (isManaged ? pause.events : []),
    ...(!finish && Number.isFinite(untilMs) && { untilMs }),
  };
}

const positive = (name: 'active' | 'succeeded' | 'failed', count: number) => (count > 0 ? { [name]: count } : {});
const shown = (active: number, ready: number, terminating: number) => ({ ...positive('active', active), ready, terminating });

/** The interim condition; with it the terminal one, when all is counted. */
function conclude(job: Job, finish: Finish, facts: { settled: boolean; succeeded: number }, nowMs: number) {
  const { type, reason, message } = finish;
  const before = job.status?.conditions ?? [];
  const interim = conditionOf(job, type) ? before : withCondition(before, newCondition(type, 'True', reason, message, nowMs));
  if (!facts.settled) return { conditions: interim, events: [] };
  const complete = type === 'SuccessCriteriaMet';
  const conditions = withCondition(interim, newCondition(complete ? 'Complete' : 'Failed', 'True', reason, message, nowMs));
  if (!complete) return { conditions, events: [{ type: 'Warning', reason, message }] as JobEvent[] };
  const surplus = job.spec?.completions !== undefined && facts.succeeded > job.spec.completions;
  const tooMany = 'Too many succeeded pods running after completion count reached';
  const events: JobEvent[] = [
    ...(surplus ? [{ type: 'Warning', reason: 'TooManySucceededPods', message: tooMany } as const] : []),
    { type: 'Normal', reason: 'Completed', message: 'Job completed' },
  ];
  // The wall clock may have been set back meanwhile, and the API takes no Job that ended before it began.
  const startMs = Date.parse(job.status?.startTime ?? '') || nowMs;
  return { conditions, events, completion: { completionTime: rfc3339(Math.max(nowMs, startMs)) } };
}
