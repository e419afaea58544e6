import { cronJobs } from '../../api/batch/cron-job.ts';
import { jobs } from '../../api/batch/job.ts';
import { apiVersionOf, resourceId } from '../../api/define.ts';
import { controllerOf } from '../../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { CronJob, CronJobStatus, Job } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { type ControllerObserver, UNOBSERVED } from '../lib/controller-observer.ts';
import { ownerReference } from '../lib/ownership-plan.ts';
import { isNamespaceGoing, messageOf } from '../lib/pod-control.ts';
import { canonical } from '../lib/template-hash-plan.ts';
import { type CronJobEvent, jobName, observe, planRun, referenceTo, SCHEDULED_AT, surplusJobs } from './cron-job-plan.ts';
import type { Schedule } from './due-plan.ts';
import { parseSchedule, zoneProblem } from './schedule.ts';

/** A run is looked for this long after its time, so that a clock that is a little behind does not miss it (as upstream). */
const LATENESS_MS = 100;

/** Starts Jobs on a schedule (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/). */
export const cronJob = (observer: ControllerObserver = UNOBSERVED): Controller => ({
  name: 'cronjob',
  reads: [resourceId(cronJobs), resourceId(jobs)],
  writes: [`${resourceId(cronJobs)}/status`, resourceId(jobs)],
  reconcile: (request) => reconcile(request, observer),
});

type Named = CronJob & { apiVersion: string; kind: string };

async function reconcile(request: ReconcileRequest, observer: ControllerObserver) {
  const { key, informer, clock } = request;
  const found = informer(cronJobs).get(key);
  if (!found) return undefined;
  const owner: Named = { ...found, apiVersion: apiVersionOf(cronJobs), kind: cronJobs.kind };
  const children = informer(jobs).by('owner', owner.metadata?.uid ?? '');
  const unseen = await activeButUnseen(owner, children, request);
  const { status, events } = observe(owner, [...children, ...unseen]);
  tell(owner, events, request);
  await removeSurplus(owner, surplusJobs(owner, children), request);
  const schedule = owner.metadata?.deletionTimestamp ? undefined : readSchedule(owner, request);
  const nowMs = clock.now();
  const started = schedule && (await run(owner, status, schedule, { request, observer }));
  await writeStatus(owner, started ?? status, request);
  if (!schedule) return undefined;
  const next = schedule.next(nowMs);
  return next === undefined ? undefined : { afterMs: next - nowMs + LATENESS_MS };
}

/** Jobs that the status names and the cache does not show: they are only missing when the server does not have them either. */
async function activeButUnseen({ status }: Named, children: readonly Job[], { client, signal }: ReconcileRequest): Promise<Job[]> {
  const seen = new Set(children.map((job) => job.metadata?.uid));
  const unseen = (status?.active ?? []).filter(({ uid }) => !seen.has(uid));
  const found: Job[] = [];
  for (const { name = '', namespace, uid } of unseen) {
    const job = await client.get(jobs, name, { namespace, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
    if (job?.metadata?.uid === uid) found.push(job as Job);
  }
  return found;
}

/** What cannot be deleted does not keep runs from starting: it is told, and tried again at the next of them. */
async function removeSurplus(owner: Named, surplus: readonly Job[], request: ReconcileRequest): Promise<void> {
  for (const job of surplus) {
    await deleteJob(owner, job, request).catch((error: unknown) => {
      if (request.signal.aborted) throw error;
    });
  }
}

/** undefined: no run is to be looked for. */
function readSchedule(owner: Named, { event }: ReconcileRequest): Schedule | undefined {
  const { schedule, timeZone } = owner.spec;
  const problem = timeZone && zoneProblem(timeZone);
  if (problem) {
    event(owner, 'Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${problem}`);
    return undefined;
  }
  if (owner.spec.suspend) return undefined;
  if (schedule.includes('TZ')) {
    const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`;
    event(owner, 'Warning', 'UnsupportedSchedule', message);
  }
  try {
    return parseSchedule(schedule, timeZone);
  } catch (error) {
    event(owner, 'Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${messageOf(error)}`);
    return undefined;
  }
}

const tell = (owner: Named, events: readonly CronJobEvent[], { event }: ReconcileRequest) => {
  for (const { type, reason, message } of events) event(owner, type, reason, message);
};

/** Starts what is due; gives the status with it, or undefined when nothing was started. */
async function run(
  owner: Named,
  status: CronJobStatus,
  schedule: Schedule,
  { request, observer }: { request: ReconcileRequest; observer: ControllerObserver },
) {
  const { startMs, replace, events } = planRun(owner, status, schedule, request.clock.now());
  tell(owner, events, request);
  if (startMs === undefined) return undefined;
  if (replace) for (const { name, uid } of status.active ?? []) await deleteJob(owner, { metadata: { name, uid } } as Job, request);
  const created = await createJob(owner, startMs, request);
  if (!created) return undefined;
  observer.cronJobStarted((Date.parse(created.metadata?.creationTimestamp ?? '') - startMs) / 1000);
  return { ...status, active: [...(replace ? [] : (status.active ?? [])), referenceTo(created)], lastScheduleTime: rfc3339(startMs) };
}

/** RFC 3339, in the schedule's zone. */
function scheduledAt(runMs: number, timeZone: string | undefined): string {
  if (timeZone === undefined) return rfc3339(runMs);
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('sv-SE', { timeZone, ...options });
  const zone =
    format({ timeZoneName: 'longOffset' })
      .formatToParts(runMs)
      .find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const offset = /[+\-−]\d\d:\d\d/.exec(zone)?.[0].replace('−', '-') ?? 'Z';
  return `${format({ dateStyle: 'short', timeStyle: 'medium' }).format(runMs).replace(' ', 'T')}${offset}`;
}

/** undefined: there is none of ours. */
async function createJob(owner: Named, runMs: number, { client, event, signal }: ReconcileRequest): Promise<Job | undefined> {
  const { jobTemplate, timeZone } = owner.spec;
  const { namespace } = owner.metadata ?? {};
  const job: Job = {
    metadata: {
      name: jobName(owner, runMs),
      namespace,
      labels: jobTemplate.metadata?.labels,
      annotations: { ...jobTemplate.metadata?.annotations, [SCHEDULED_AT]: scheduledAt(runMs, timeZone) },
      ownerReferences: [ownerReference(owner, owner.apiVersion, owner.kind)],
    },
    spec: jobTemplate.spec,
  };
  try {
    const created = await client.create(jobs, job, { namespace, signal });
    event(owner, 'Normal', 'SuccessfulCreate', `Created job ${created.metadata?.name}`);
    return created;
  } catch (error) {
    if (isAlreadyExists(error)) {
      const taken = await client.get(jobs, job.metadata?.name ?? '', { namespace, signal });
      return controllerOf(taken)?.uid === owner.metadata?.uid ? taken : undefined;
    }
    if (isNamespaceGoing(error)) return undefined;
    event(owner, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
    throw error;
  }
}

async function deleteJob(owner: Named, { metadata }: Job, { client, event, signal }: ReconcileRequest): Promise<void> {
  const { name = '', uid } = metadata ?? {};
  const options = { propagationPolicy: 'Background', preconditions: { uid } } as const;
  try {
    await client.delete(jobs, name, { namespace: owner.metadata?.namespace, delete: options, signal });
    event(owner, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    event(owner, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
    throw error;
  }
}

async function writeStatus(owner: CronJob, status: CronJobStatus, { client, signal }: ReconcileRequest): Promise<void> {
  if (canonical(status) === canonical(owner.status ?? {})) return;
  await client.update(cronJobs, { ...owner, status }, { namespace: owner.metadata?.namespace, subresource: 'status', signal });
}
