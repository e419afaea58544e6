import { expect, test } from 'vitest';
import type { CronJob, Job, Pod } from '../../src/api/schema/generated/types.ts';
import { container } from './support/manifests.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('jobs');

const job = (name: string, script: string, spec: Partial<Job['spec']> = {}): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [container(script)] } }, ...spec } as Job['spec'],
});
const podsOf = async (name: string) => (await ns.json<{ items: Pod[] }>('get', 'pods', '-l', `job-name=${name}`)).items;

test('a Job runs its pods to completion, not more at a time than it may', async () => {
  await ns.apply(job('three', 'echo done', { completions: 3, parallelism: 2 }));
  await ns.run('wait', '--for=condition=Complete', 'job/three', '--timeout=60s');
  const { status } = await ns.json<Job>('get', 'job', 'three');
  expect(status).toMatchObject({ succeeded: 3 });
  expect(status?.completionTime).toBeDefined();
  expect((await podsOf('three')).map((pod) => pod.status?.phase)).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
  expect(await ns.run('logs', 'job/three')).toContain('done');
  expect(await ns.run('get', 'job', 'three')).toMatch(/^three\s+Complete\s+3\/3\s/m);
});

test('an indexed Job gives each pod its index', async () => {
  await ns.apply(job('indexed', 'echo index $JOB_COMPLETION_INDEX', { completions: 2, parallelism: 2, completionMode: 'Indexed' }));
  await ns.run('wait', '--for=condition=Complete', 'job/indexed', '--timeout=60s');
  expect((await ns.json<Job>('get', 'job', 'indexed')).status?.completedIndexes).toBe('0,1');
  const texts = await Promise.all((await podsOf('indexed')).map((pod) => ns.run('logs', pod.metadata?.name ?? '')));
  expect(texts.sort()).toEqual(['index 0\n', 'index 1\n']);
});

test('a Job that fails too often is given up, and says why', async () => {
  await ns.apply(job('broken', 'exit 7', { backoffLimit: 0 }));
  await ns.run('wait', '--for=condition=Failed', 'job/broken', '--timeout=60s');
  const { status } = await ns.json<Job>('get', 'job', 'broken');
  expect(status?.conditions?.find((c) => c.type === 'Failed')).toMatchObject({ status: 'True', reason: 'BackoffLimitExceeded' });
  expect(status?.failed).toBe(1);
  expect(await ns.run('describe', 'job', 'broken')).toContain('BackoffLimitExceeded');
});

test('a task that fails is started again in its pod, and the Job completes', async () => {
  const flaky = job('flaky', '[ -e /data/tried ] || { touch /data/tried; exit 1; }', { completions: 2, parallelism: 2 });
  const [only] = flaky.spec?.template.spec?.containers ?? [];
  Object.assign(only ?? {}, { volumeMounts: [{ name: 'data', mountPath: '/data' }] });
  Object.assign(flaky.spec?.template.spec ?? {}, { restartPolicy: 'OnFailure', volumes: [{ name: 'data', emptyDir: {} }] });
  await ns.apply(flaky);
  await ns.run('wait', '--for=condition=Complete', 'job/flaky', '--timeout=90s');
  const pods = await podsOf('flaky');
  expect(pods.map((pod) => [pod.status?.phase, pod.status?.containerStatuses?.[0]?.restartCount])).toEqual([
    ['Succeeded', 1],
    ['Succeeded', 1],
  ]);
});

test('a suspended Job waits until it is resumed, and a finished one goes when its time is over', async () => {
  await ns.apply(job('later', 'true', { suspend: true, ttlSecondsAfterFinished: 0 }));
  await ns.until<Job>('it is suspended', 'job/later', (found) => found.status?.conditions?.some((c) => c.type === 'Suspended'));
  expect(await podsOf('later')).toEqual([]);
  await ns.run('patch', 'job', 'later', '--type=merge', '-p', '{"spec":{"suspend":false}}');
  await ns.run('wait', '--for=delete', 'job/later', '--timeout=60s');
  expect(await podsOf('later')).toEqual([]);
});

test('a CronJob makes its Jobs when they are due, and by hand', async () => {
  const jobTemplate = { spec: { template: { spec: { restartPolicy: 'Never', containers: [container('echo tick')] } } } };
  const cronJob = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'tick' }, spec: { schedule: '* * * * *', jobTemplate } };
  await ns.apply(cronJob);
  await ns.run('create', 'job', 'by-hand', '--from=cronjob/tick');
  await ns.run('wait', '--for=condition=Complete', 'job/by-hand', '--timeout=60s');
  const due = await ns.until<CronJob>('a minute began', 'cronjob/tick', (found) => found.status?.lastScheduleTime, 90_000);
  expect(due.spec?.suspend).toBe(false);
  const jobs = (await ns.json<{ items: Job[] }>('get', 'jobs')).items;
  const own = jobs.filter((found) => found.metadata?.ownerReferences?.some((o) => o.kind === 'CronJob' && o.controller));
  expect(own.map((found) => found.metadata?.name)).toContainEqual(expect.stringMatching(/^tick-\d+$/));
});
