import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cronJobs, events, jobs } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { CronJobSpec, Job } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { UNOBSERVED } from '../lib/controller-observer.ts';
import { planRun } from './cron-job-plan.ts';
import { cronJob } from './cronjob.ts';
import { lastDue } from './due-plan.ts';
import { parseSchedule } from './schedule.ts';

const MINUTE = 60_000;

function start(spec: Partial<CronJobSpec>) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = new AbortController();
  const skews: number[] = [];
  startControllers([cronJob({ ...UNOBSERVED, cronJobStarted: (seconds) => skews.push(seconds) })], { client, clock, signal });
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
  const object = {
    metadata: { name: 'c', namespace: 'n' },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template } }, ...spec },
  };
  const create = () => client.create(cronJobs, object, { namespace: 'n', signal });
  const finish = (job: Job, type: 'Complete' | 'Failed') => {
    const now = rfc3339(clock.now());
    const conditions = [{ type, status: 'True', lastTransitionTime: now }];
    const completionTime = type === 'Complete' ? now : undefined;
    cluster.seed(jobs, { ...job, status: { startTime: job.metadata?.creationTimestamp, completionTime, conditions } });
  };
  const status = () => cluster.find(cronJobs, 'n/c')?.status ?? {};
  const live = async (minutes: number) => {
    for (let i = 0; i < minutes * 12; i += 1) await clock.advance(5000);
  };
  return { skews, clock, cluster, client, signal, create, finish, status, live };
}

test('a run starts a job that is named after its minute, and the status follows the job', async () => {
  const { cluster, create, live, finish, status } = start({});
  await create();
  await live(6);
  const [job] = cluster.all(jobs);
  const runMs = Date.UTC(2026, 0, 1, 0, 5);
  expect(job?.metadata).toMatchObject({
    name: `c-${runMs / MINUTE}`,
    annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:05:00Z' },
    ownerReferences: [{ kind: 'CronJob', name: 'c', controller: true }],
  });
  expect(status()).toMatchObject({ lastScheduleTime: '2026-01-01T00:05:00Z', active: [{ kind: 'Job', name: job?.metadata?.name }] });
  if (job) finish(job, 'Complete');
  await live(1);
  expect(status().active ?? []).toEqual([]);
  expect(status().lastSuccessfulTime).toBeDefined();
});

test('Forbid waits for the running job, Replace deletes it, Allow starts another', async () => {
  for (const [concurrencyPolicy, expected] of [
    ['Forbid', ['05']],
    ['Replace', ['10']],
    ['Allow', ['05', '10']],
  ] as const) {
    const { cluster, create, live, status } = start({ concurrencyPolicy });
    await create();
    await live(11);
    const minutes = cluster
      .all(jobs)
      .map((j) => j.metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']?.slice(14, 16));
    expect(minutes).toEqual(expected);
    expect(status().active?.length).toBe(expected.length);
  }
});

test('a suspended cron job starts nothing, and finished jobs beyond the limits go', async () => {
  const suspended = start({ suspend: true });
  await suspended.create();
  await suspended.live(11);
  expect(suspended.cluster.all(jobs)).toEqual([]);
  const { cluster, create, live, finish } = start({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 0 });
  await create();
  for (let i = 0; i < 5; i += 1) {
    await live(5);
    for (const job of cluster.all(jobs)) if (!job.status?.conditions) finish(job, i === 3 ? 'Failed' : 'Complete');
  }
  await live(1);
  const types = cluster.all(jobs).map((job) => job.status?.conditions?.[0]?.type);
  expect(types.filter((type) => type === 'Complete').length).toBe(2);
  expect(types.filter((type) => type === 'Failed').length).toBe(0);
});

const told = (cluster: ReturnType<typeof start>['cluster']) => cluster.all(events).map((e) => `${e.type} ${e.reason}: ${e.message}`);

test('a job that is still running when it goes missing is told of, and one that only the cache lacks is not', async () => {
  const { cluster, create, live, status, client, signal } = start({});
  await create();
  await live(6);
  const [job] = cluster.all(jobs);
  await client.delete(jobs, job?.metadata?.name ?? '', { namespace: 'n', signal });
  await live(1);
  expect(status().active ?? []).toEqual([]);
  expect(told(cluster)).toContain(`Normal MissingJob: Active job went missing: ${job?.metadata?.name}`);
});

test('a job that cannot be deleted does not keep the next run from starting', async () => {
  const { cluster, create, live, finish } = start({ successfulJobsHistoryLimit: 0 });
  cluster.intercept = ({ verb, resource }) => {
    if (verb === 'delete' && resource === 'jobs') throw new ApiError('Forbidden', 'a hook says no');
  };
  await create();
  await live(6);
  const [first] = cluster.all(jobs);
  if (first) finish(first, 'Complete');
  await live(5);
  expect(cluster.all(jobs).length).toBe(2);
  expect(told(cluster)).toContain('Warning FailedDelete: Deleted job: a hook says no');
});

test('a job of the name of a run that is not its own is left alone, and the run is not counted', async () => {
  const { cluster, create, live, status } = start({});
  const name = `c-${Date.UTC(2026, 0, 1, 0, 5) / MINUTE}`;
  cluster.seed(jobs, { metadata: { name, namespace: 'n' }, spec: { template: { spec: { containers: [] } } } });
  await create();
  await live(6);
  expect([cluster.all(jobs).length, status()]).toEqual([1, {}]);
});

test('what is wrong or unusual about a schedule is told', async () => {
  const never = start({ schedule: '0 0 31 2 *' });
  await never.create();
  await never.live(1);
  const why = 'time difference between two schedules is less than 1 second';
  expect(told(never.cluster)).toEqual([`Warning InvalidSchedule: invalid schedule: 0 0 31 2 * : ${why}`]);
  const zoned = start({ schedule: 'TZ=Europe/Berlin 0 0 * * *' });
  await zoned.create();
  await zoned.live(1);
  expect(told(zoned.cluster)).toEqual([expect.stringContaining('Warning UnsupportedSchedule: CRON_TZ or TZ used in schedule "TZ=Europe/')]);
  const suspended = start({ schedule: 'nonsense', suspend: true });
  await suspended.create();
  await suspended.live(1);
  expect(told(suspended.cluster)).toEqual([]);
});

test('whatever conflicts or lags, every run has one job', async () => {
  const { cluster, clock, create, live, status } = start({});
  let count = 0;
  cluster.intercept = ({ verb }) => {
    count += 1;
    if (count % 5 === 0) cluster.history.hold();
    if (count % 3 === 0) cluster.history.release();
    if (verb === 'update' && count % 2 === 0) throw new ApiError('Conflict', 'bad luck');
  };
  await create();
  for (let i = 0; i < 150; i += 1) {
    await clock.advance(10_000);
    cluster.history.release();
  }
  cluster.intercept = () => {};
  await live(1);
  expect(cluster.all(jobs).length).toBe(5);
  expect(status().active?.length).toBe(5);
  expect(cluster.writes.filter((write) => write.startsWith('create jobs')).length).toBe(5);
});

test('the last run that is due is that which a walk from the start finds', () => {
  const patterns = fc.constantFrom(
    '* * * * *',
    '*/7 * * * *',
    '0 9,17 * * 1-5',
    '30 2 1 * *',
    '@hourly',
    '5/20 * * * *',
    '0 0 13 * 5',
    '@every 90s',
  );
  const base = Date.UTC(2026, 2, 1);
  fc.assert(
    fc.property(patterns, fc.nat(100_000), fc.nat(300_000), (pattern, from, span) => {
      const schedule = parseSchedule(pattern, undefined);
      const [fromMs, nowMs] = [base + from * 1000, base + (from + span) * 1000];
      let walked: number | undefined;
      for (let at = schedule.next(fromMs); at !== undefined && at <= nowMs; at = schedule.next(at)) walked = at;
      const due = lastDue(schedule, fromMs, nowMs);
      if (pattern.startsWith('@every')) expect(due === undefined).toBe(walked === undefined);
      else expect(due?.runMs).toBe(walked);
    }),
    { numRuns: 60 },
  );
});

test('days of the month and of the week: either when both are given, both when one is open', () => {
  const next = (schedule: string) => rfc3339(parseSchedule(schedule, undefined).next(Date.UTC(2026, 0, 1)) ?? 0);
  expect(next('0 0 13 * 5')).toBe('2026-01-02T00:00:00Z');
  expect(next('0 0 * * 1')).toBe('2026-01-05T00:00:00Z');
  expect(next('0 0 20 * ?')).toBe('2026-01-20T00:00:00Z');
});

test('zones move the runs; what is too late or missed too often is told', () => {
  const zoned = parseSchedule('0 9 * * *', 'Asia/Tokyo');
  expect(rfc3339(zoned.next(Date.UTC(2026, 0, 1, 1)) ?? 0)).toBe('2026-01-02T00:00:00Z');
  const spec = { schedule: '* * * * *', jobTemplate: { spec: { template: {} } } };
  const cronJobOf = (more: object) => ({ metadata: { name: 'c', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { ...spec, ...more } });
  const now = Date.UTC(2026, 0, 1, 3, 0, 30);
  const each = parseSchedule('* * * * *', undefined);
  const many = planRun(cronJobOf({}), {}, each, now);
  expect(many.events[0]).toMatchObject({ type: 'Warning', reason: 'TooManyMissedTimes' });
  expect(many.startMs).toBe(Date.UTC(2026, 0, 1, 3));
  expect(planRun(cronJobOf({ startingDeadlineSeconds: 10 }), {}, each, now)).toEqual({ events: [] });
});

test('it tells how late its Jobs are made', async () => {
  const { create, live, skews } = start({});
  await create();
  await live(11);
  expect(skews.length).toBe(2);
  for (const seconds of skews) expect(seconds).toBeLessThan(1);
});
