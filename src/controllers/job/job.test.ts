import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jobs, pods } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { Job, JobSpec, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { type ControllerObserver, UNOBSERVED } from '../lib/controller-observer.ts';
import { ttlAfterFinished } from '../ttl-after-finished/ttl-after-finished.ts';
import { formatIndexes, parseIndexes } from './indexes-plan.ts';
import { job } from './job.ts';
import { planJob } from './job-plan.ts';
import { backoffUntilMs, INDEX, TRACKING } from './job-pods-plan.ts';

type Fate = (pod: Pod) => number | undefined;

/** The controllers of Jobs on a fake cluster. `live`: seconds in which every pod ends with the exit code that its fate gives; undefined runs on. */
function start(spec: Partial<JobSpec>, fate: Fate) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = new AbortController();
  const told = { syncs: new Set<string>(), ends: [] as string[], pods: [] as string[] };
  const observer: ControllerObserver = {
    ...UNOBSERVED,
    jobSynced: (mode, result, action) => void told.syncs.add(`${mode} ${result} ${action}`),
    jobFinished: (...end) => void told.ends.push(end.join(' ')),
    jobPodsFinished: (...finished) => void told.pods.push(finished.join(' ')),
  };
  startControllers([job(observer), ttlAfterFinished], { client, clock, signal });
  const names: string[] = [];
  const most = { active: 0, index: 0 };
  const look = () => {
    const active = cluster.all(pods).filter((p) => !p.status?.phase || p.status.phase === 'Running');
    const indexes = active.map((p) => p.metadata?.annotations?.[INDEX]);
    most.active = Math.max(most.active, active.length);
    most.index = Math.max(most.index, ...indexes.map((i) => indexes.filter((j) => j === i).length));
    return active;
  };
  const end = (pod: Pod) => {
    const exitCode = fate(pod);
    if (exitCode === undefined) return;
    names.push(pod.metadata?.name ?? '');
    const state = { terminated: { exitCode, finishedAt: rfc3339(clock.now()) } };
    const containerStatuses = [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state }];
    cluster.seed(pods, { ...pod, status: { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses } });
  };
  const live = async (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      await clock.advance(1000);
      for (const pod of look()) end(pod);
    }
  };
  const template = { metadata: { labels: { job: 'j' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
  const object: Job = {
    metadata: { name: 'j', namespace: 'n' },
    spec: { selector: { matchLabels: { job: 'j' } }, template, ...spec },
  };
  const create = () => client.create(jobs, object, { namespace: 'n', signal });
  const change = (patch: object) => client.patch(jobs, 'j', 'merge', patch, { namespace: 'n', signal });
  const status = () => cluster.find(jobs, 'n/j')?.status ?? {};
  const has = (type: string) => status().conditions?.find((c) => c.type === type && c.status === 'True');
  return { told, clock, cluster, client, signal, create, change, live, look, status, has, names, most };
}

test('a job with three completions makes as many pods, one after the other, counts each once and completes', async () => {
  const { create, live, status, has, names, most, cluster } = start({ completions: 3, parallelism: 1 }, () => 0);
  await create();
  await live(10);
  expect(status()).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
  expect(has('SuccessCriteriaMet')?.reason).toBe('CompletionsReached');
  expect(has('Complete')).toBeDefined();
  expect(status().completionTime).toBeDefined();
  expect([names.length, most.active]).toEqual([3, 1]);
  expect(cluster.all(pods).flatMap((p) => p.metadata?.finalizers ?? [])).toEqual([]);
});

test('it tells what its runs did, which pods ended, and how the job did', async () => {
  const { create, live, told } = start({ completions: 2, parallelism: 1, backoffLimit: 3 }, (pod) =>
    pod.metadata?.name?.endsWith('x') ? 1 : 0,
  );
  await create();
  await live(10);
  expect(told.ends).toEqual(['NonIndexed succeeded CompletionsReached']);
  expect(told.pods.filter((line) => line === 'NonIndexed succeeded 1')).toHaveLength(2);
  expect(told.syncs).toContain('NonIndexed success pods_created');
  expect(told.syncs).toContain('NonIndexed success tracking');
});

test('whatever fails, lags or conflicts: completions are exact, and there are never more pods than parallelism says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.infiniteStream(fc.nat(9)),
      async (completions, parallelism, indexed, luck) => {
        const next = () => luck.next().value ?? 0;
        const completionMode = indexed ? 'Indexed' : 'NonIndexed';
        const cell = start({ completions, parallelism, backoffLimit: 1000, completionMode }, () => (next() < 2 ? 1 : 0));
        cell.cluster.intercept = ({ verb }) => {
          cell.look();
          if (next() < 2) cell.cluster.history.hold();
          if (next() < 4) cell.cluster.history.release();
          if ((verb === 'create' || verb === 'patch' || verb === 'update') && next() < 2) throw new ApiError('Conflict', 'bad luck');
        };
        while (!cell.cluster.find(jobs, 'n/j')) await cell.create().catch(() => {});
        for (let i = 0; i < 20; i += 1) {
          await cell.live(5);
          cell.cluster.history.release();
        }
        cell.cluster.intercept = () => {};
        cell.cluster.history.release();
        await cell.live(3000);
        const ended = cell.cluster.all(pods).map((p) => p.status?.phase);
        expect(cell.has('Complete')).toBeDefined();
        expect(cell.status().succeeded).toBe(completions);
        expect(ended.filter((phase) => phase === 'Succeeded').length).toBe(completions);
        expect(cell.status().failed ?? 0).toBe(ended.filter((phase) => phase === 'Failed').length);
        expect(cell.most.active).toBeLessThanOrEqual(parallelism);
        if (indexed) expect(cell.most.index).toBe(1);
        if (indexed) expect(cell.status().completedIndexes).toBe(formatIndexes(new Set(Array.from({ length: completions }, (_, i) => i))));
      },
    ),
    { numRuns: 10 },
  );
}, 60_000);

test('failures are retried with a growing wait until the limit, and then the job has failed', async () => {
  const { create, live, status, has, names } = start({ backoffLimit: 2 }, () => 1);
  await create();
  await live(8);
  expect([names.length, status().failed]).toEqual([1, 1]);
  await live(6);
  expect(names.length).toBe(2);
  await live(15);
  expect(names.length).toBe(2);
  await live(12);
  expect([names.length, status().failed]).toEqual([3, 3]);
  expect(has('FailureTarget')?.reason).toBe('BackoffLimitExceeded');
  expect(has('Failed')).toMatchObject({ reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' });
});

test('a pod of an indexed job knows its index by label, annotation, hostname and environment', async () => {
  const { cluster, create, live } = start({ completionMode: 'Indexed', completions: 2, parallelism: 2 }, () => undefined);
  await create();
  await live(2);
  const pod = cluster.all(pods).find((p) => p.spec?.hostname === 'j-1');
  expect(pod?.metadata).toMatchObject({ labels: { [INDEX]: '1', job: 'j' }, annotations: { [INDEX]: '1' }, finalizers: [TRACKING] });
  expect(pod?.metadata?.name).toMatch(/^j-1-/);
  expect(pod?.spec?.containers[0]?.env).toEqual([
    { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX}']` } } },
  ]);
});

test('an index that fails too often is given up alone, and the job fails when the others are done', async () => {
  const spec = { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 1 };
  const { create, live, status, has } = start(spec, (pod) => (pod.metadata?.annotations?.[INDEX] === '1' ? 1 : 0));
  await create();
  await live(30);
  expect(status()).toMatchObject({ completedIndexes: '0,2', failedIndexes: '1', succeeded: 2, failed: 2 });
  expect(has('Failed')?.reason).toBe('FailedIndexes');
});

test('a failure policy ends the job at once, or does not count a failure', async () => {
  const rule = (action: string) => ({ rules: [{ action, onExitCodes: { operator: 'In', values: [42] } }] });
  const failing = start({ backoffLimit: 6, podFailurePolicy: rule('FailJob') }, () => 42);
  await failing.create();
  await failing.live(5);
  expect(failing.has('Failed')?.reason).toBe('PodFailurePolicy');
  expect(failing.has('Failed')?.message).toMatch(
    /^Container c for pod n\/j-\S+ failed with exit code 42 matching FailJob rule at index 0$/,
  );
  const patient = start({ backoffLimit: 0, podFailurePolicy: rule('Ignore') }, () => (patient.names.length === 0 ? 42 : 0));
  await patient.create();
  await patient.live(30);
  expect(patient.status()).toMatchObject({ succeeded: 1 });
  expect(patient.status().failed).toBeUndefined();
});

test('a success policy ends the job when the leader is done, and stops the others', async () => {
  const spec = { completionMode: 'Indexed', completions: 3, parallelism: 3, successPolicy: { rules: [{ succeededIndexes: '0' }] } };
  const { cluster, create, live, status, has } = start(spec, (pod) => (pod.metadata?.annotations?.[INDEX] === '0' ? 0 : undefined));
  await create();
  await live(5);
  expect(has('Complete')).toMatchObject({ reason: 'SuccessPolicy', message: 'Matched rules at index 0' });
  expect([status().completedIndexes, cluster.all(pods).length]).toEqual(['0', 1]);
});

test('a failure policy gives up an index, and too many such end the job', async () => {
  const podFailurePolicy = { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }] };
  const spec = { completionMode: 'Indexed', completions: 4, parallelism: 1, backoffLimitPerIndex: 3 };
  const isEven = (pod: Pod) => Number(pod.metadata?.annotations?.[INDEX]) % 2 === 0;
  const patient = start({ ...spec, podFailurePolicy }, (pod) => (isEven(pod) ? 42 : 0));
  await patient.create();
  await patient.live(30);
  expect(patient.status()).toMatchObject({ completedIndexes: '1,3', failedIndexes: '0,2', succeeded: 2, failed: 2 });
  expect(patient.has('Failed')?.reason).toBe('FailedIndexes');
  const strict = start({ ...spec, podFailurePolicy, maxFailedIndexes: 0 }, (pod) => (isEven(pod) ? 42 : 0));
  await strict.create();
  await strict.live(30);
  expect(strict.has('Failed')?.reason).toBe('MaxFailedIndexesExceeded');
  expect(strict.status()).toMatchObject({ failedIndexes: '0', failed: 1 });
  expect(strict.status().succeeded ?? 0).toBeLessThan(2);
});

test('a failure policy does not count pods that were disrupted', async () => {
  const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] };
  const { cluster, create, live, look, status, has } = start({ backoffLimit: 0, podFailurePolicy }, () => undefined);
  await create();
  await live(2);
  for (const pod of look()) {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }];
    cluster.seed(pods, { ...pod, status: { phase: 'Failed', conditions } });
  }
  await live(30);
  expect([has('Failed'), status().failed, status().active]).toEqual([undefined, undefined, 1]);
});

test('a success policy may count any indexes, or ask for all', async () => {
  const spec = { completionMode: 'Indexed', completions: 4, parallelism: 4 };
  const any = start({ ...spec, successPolicy: { rules: [{ succeededCount: 2 }] } }, (pod) =>
    ['1', '3'].includes(pod.metadata?.annotations?.[INDEX] ?? '') ? 0 : undefined,
  );
  await any.create();
  await any.live(5);
  expect(any.has('Complete')?.reason).toBe('SuccessPolicy');
  expect([any.status().completedIndexes, any.status().succeeded]).toEqual(['1,3', 2]);
  const all = start({ ...spec, successPolicy: { rules: [{ succeededIndexes: '0-3' }] } }, () => 0);
  await all.create();
  await all.live(5);
  expect([all.has('Complete')?.status, all.status().succeeded]).toEqual(['True', 4]);
});

test('a pod that nobody controls is adopted and tracked, one that does not match any more is let go and replaced', async () => {
  const { cluster, client, signal, create, live } = start({}, () => undefined);
  const orphan: Pod = { metadata: { name: 'orphan', namespace: 'n', labels: { job: 'j' } }, spec: { containers: [] } };
  cluster.seed(pods, orphan);
  await create();
  await live(2);
  const [adopted] = cluster.all(pods);
  expect(adopted?.metadata).toMatchObject({ name: 'orphan', finalizers: [TRACKING], ownerReferences: [{ kind: 'Job', name: 'j' }] });
  expect(cluster.all(pods).length).toBe(1);
  await client.patch(pods, 'orphan', 'merge', { metadata: { labels: { job: null } } }, { namespace: 'n', signal });
  await live(3);
  const released = cluster.find(pods, 'n/orphan')?.metadata;
  expect([released?.ownerReferences ?? [], released?.finalizers ?? []]).toEqual([[], []]);
  expect(cluster.all(pods).length).toBe(2);
});

test('a suspended job has no pods; resumed it starts anew', async () => {
  const { cluster, create, change, live, status, has } = start({ completions: 2, parallelism: 2 }, () => undefined);
  await create();
  await live(3);
  const before = status().startTime;
  await change({ spec: { suspend: true } });
  await live(3);
  expect(cluster.all(pods)).toEqual([]);
  expect(has('Suspended')).toMatchObject({ reason: 'JobSuspended' });
  expect(status().startTime).toBeUndefined();
  await change({ spec: { suspend: false } });
  await live(3);
  expect(cluster.all(pods).length).toBe(2);
  expect([has('Suspended'), status().failed]).toEqual([undefined, undefined]);
  expect(Date.parse(status().startTime ?? '')).toBeGreaterThan(Date.parse(before ?? ''));
});

test('a job that takes too long is stopped, and goes when its time to live is over', async () => {
  const { cluster, create, live, has } = start({ activeDeadlineSeconds: 5, ttlSecondsAfterFinished: 10 }, () => undefined);
  await create();
  await live(9);
  expect(has('Failed')?.reason).toBe('DeadlineExceeded');
  expect(cluster.all(pods)).toEqual([]);
  await live(15);
  expect(cluster.find(jobs, 'n/j')?.metadata?.deletionTimestamp).toBeDefined();
});

test('pods of a job that is gone lose the finalizer, and a job of somebody else is left alone', async () => {
  const { cluster, client, signal, create, live } = start({}, () => undefined);
  await create();
  await live(2);
  await client.delete(jobs, 'j', { namespace: 'n', signal });
  await live(2);
  expect(cluster.all(pods).map((p) => p.metadata?.finalizers ?? [])).toEqual([[]]);
  const other = start({ managedBy: 'example.com/other' }, () => 0);
  await other.create();
  await other.live(2);
  expect([other.cluster.all(pods), other.status()]).toEqual([[], {}]);
});

test('indexes are written in the compact form and read back', () => {
  expect(formatIndexes(new Set([7, 1, 3, 5, 4, 9, 10]))).toBe('1,3-5,7,9,10');
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(50)), (list) => {
      expect(parseIndexes(formatIndexes(new Set(list)), 51)).toEqual(new Set(list));
    }),
  );
});

const endedPod = (
  name: string,
  ends: readonly (number | undefined)[],
  sidecar: readonly (number | undefined)[],
  ready?: [string, number],
): Pod => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const statuses = (of: string, seconds: readonly (number | undefined)[]) =>
    seconds.map((second, i) => ({
      name: `${of}${i}`,
      image: '',
      imageID: '',
      ready: false,
      restartCount: 0,
      ...(second !== undefined && { state: { terminated: { exitCode: 1, finishedAt: at(second) } } }),
    }));
  return {
    metadata: { name, uid: name, creationTimestamp: at(1), finalizers: ['batch.kubernetes.io/job-tracking'] },
    spec: { containers: [], initContainers: sidecar.map((_, i) => ({ name: `s${i}`, restartPolicy: 'Always' })) },
    status: {
      phase: 'Failed',
      containerStatuses: statuses('c', ends),
      initContainerStatuses: statuses('s', sidecar),
      ...(ready && { conditions: [{ type: 'Ready', status: ready[0], lastTransitionTime: at(ready[1]) }] }),
    },
  };
};

test.each([
  ['its last container', endedPod('p', [20, 30], []), 30],
  ['its last sidecar', endedPod('p', [20], [40]), 40],
  ['not being ready, when a container says nothing', endedPod('p', [20, undefined], [], ['False', 25]), 25],
  ['not being ready, when a sidecar says nothing', endedPod('p', [20], [undefined], ['False', 25]), 25],
  ['its creation, when it says that it is ready', endedPod('p', [undefined], [], ['True', 25]), 1],
])('the wait after a failure counts from the end of %s', (_what, pod, second) => {
  const job: Job = { metadata: { name: 'j' }, spec: { completions: 1, backoffLimit: 6, template: { spec: { containers: [] } } } };
  expect(backoffUntilMs(job, [pod])).toBe(Date.UTC(2026, 0, 1, 0, 0, second + 10));
});

test('a job takes the pods that became ready last, whatever deleting them costs', () => {
  const ready = (name: string, second: number, cost?: string): Pod => ({
    metadata: {
      name,
      uid: name,
      creationTimestamp: '2026-01-01T00:00:00Z',
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ...(cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { containers: [], nodeName: 'n' },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: `2026-01-01T00:00:0${second}Z` }] },
  });
  const job: Job = { metadata: { name: 'j' }, spec: { parallelism: 1, template: { spec: { containers: [] } } }, status: {} };
  const { discard } = planJob(job, [ready('a', 2, '-9'), ready('c', 4), ready('b', 3)], Date.parse('2026-01-02T00:00:00Z'));
  expect(discard.map((pod) => pod.metadata?.name)).toEqual(['c', 'b']);
});

test('a job that is being deleted is complete when its pods were enough', () => {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
  const going: Job = {
    metadata: { name: 'j', namespace: 'n', deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: { completions: 1, template },
    status: { startTime: '2026-01-01T00:00:00Z', succeeded: 1 },
  };
  expect(planJob(going, [], Date.parse('2026-01-01T00:00:09Z')).status.conditions?.map((c) => c.type)).toEqual([
    'SuccessCriteriaMet',
    'Complete',
  ]);
});

test('a job whose wall clock was set back while it ran does not end before it began', () => {
  const startTime = '2026-01-01T01:00:00Z';
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
  const done: Job = { metadata: { name: 'j', namespace: 'n' }, spec: { completions: 1, template }, status: { startTime, succeeded: 1 } };
  const { status } = planJob(done, [], Date.parse('2026-01-01T00:00:00Z'));
  expect(status.conditions?.at(-1)?.type).toBe('Complete');
  expect(status.completionTime).toBe(startTime);
});
