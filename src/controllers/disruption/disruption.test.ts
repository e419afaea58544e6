import { afterEach, beforeEach, expect, test } from 'vitest';
import { deployments, jobs, pods, registry, replicaSets, statefulSets } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import { podDisruptionBudgets } from '../../api/policy/pod-disruption-budget.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { disruption, staleDisruptionTarget } from './disruption.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = stop;
  const list = [disruption({ kinds: () => registry.all }), staleDisruptionTarget];
  startControllers(list, { client, clock, signal });
  const owned = (name: string, apiVersion: string, kind: string, owner: { metadata?: { name?: string; uid?: string } }) =>
    cluster.seed(pods, {
      metadata: {
        name,
        namespace: 'n',
        labels: { app: 'a' },
        ownerReferences: [{ apiVersion, kind, name: owner.metadata?.name ?? '', uid: owner.metadata?.uid ?? '', controller: true }],
      },
      spec: { containers: [] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    });
  const budget = (spec: object) =>
    cluster.seed(podDisruptionBudgets, {
      metadata: { name: 'b', namespace: 'n' },
      spec: { selector: { matchLabels: { app: 'a' } }, ...spec },
    });
  const status = () => cluster.find(podDisruptionBudgets, 'n/b')?.status;
  const events = () => [...cluster.all(registry.byId('events') as never)].map((e) => (e as { reason?: string }).reason);
  return { clock, cluster, client, owned, budget, status, events };
}
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [] } };
const selector = { matchLabels: { app: 'a' } };
const spec = (replicas: number) => ({ replicas, selector, template, serviceName: 's' });

test('the scale of a Deployment counts once for all of its ReplicaSets, and a StatefulSet adds its own', async () => {
  const { clock, cluster, owned, budget, status } = start();
  const web = cluster.seed(deployments, { metadata: { name: 'web', namespace: 'n' }, spec: spec(4) });
  for (const name of ['web-1', 'web-2']) {
    const controller = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: web.metadata?.uid ?? '', controller: true };
    const set = cluster.seed(replicaSets, { metadata: { name, namespace: 'n', ownerReferences: [controller] }, spec: spec(3) });
    owned(`${name}-a`, 'apps/v1', 'ReplicaSet', set);
  }
  const db = cluster.seed(statefulSets, { metadata: { name: 'db', namespace: 'n' }, spec: spec(2) });
  owned('db-0', 'apps/v1', 'StatefulSet', db);
  budget({ maxUnavailable: 4 });
  await clock.advance(1000);
  expect(status()).toMatchObject({ expectedPods: 6, desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1 });
  const { signal } = stop;
  await cluster.client.patch(deployments, 'web', 'merge', { spec: { replicas: 5 } }, { namespace: 'n', signal });
  await clock.advance(1000);
  expect(status()).toMatchObject({ expectedPods: 7, desiredHealthy: 3, disruptionsAllowed: 0 });
});

test('a controller without a scale allows nothing, and the status says why until it can be counted', async () => {
  const { clock, cluster, client, owned, budget, status, events } = start();
  const job = cluster.seed(jobs, { metadata: { name: 'j', namespace: 'n' }, spec: { template } });
  owned('p', 'batch/v1', 'Job', job);
  budget({ maxUnavailable: 1 });
  await clock.advance(1000);
  expect(status()).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ status: 'False', reason: 'SyncFailed', message: 'jobs.batch does not implement the scale subresource' }],
  });
  expect(events()).toContain('CalculateExpectedPodCountFailed');
  const patch = { spec: { maxUnavailable: null, minAvailable: 0 } };
  await client.patch(podDisruptionBudgets, 'b', 'merge', patch, { namespace: 'n', signal: stop.signal });
  await clock.advance(1000);
  expect(status()).toMatchObject({ disruptionsAllowed: 1, conditions: [{ status: 'True', reason: 'SufficientPods' }] });
});

test('pods that nobody controls are told about, and do not count for percentages', async () => {
  const { clock, cluster, budget, status, events } = start();
  cluster.seed(pods, {
    metadata: { name: 'lonely', namespace: 'n', labels: { app: 'a' } },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  budget({ minAvailable: '50%' });
  await clock.advance(1000);
  expect(status()).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0, currentHealthy: 1 });
  expect(events()).toContain('UnmanagedPods');
});

test('a write in between is not undone: the budget is counted again', async () => {
  const { clock, cluster, owned, budget, status } = start();
  const set = cluster.seed(statefulSets, { metadata: { name: 's', namespace: 'n' }, spec: spec(3) });
  for (const name of ['s-0', 's-1', 's-2']) owned(name, 'apps/v1', 'StatefulSet', set);
  const made = budget({ maxUnavailable: 1 });
  let failures = 3;
  cluster.intercept = ({ verb, subresource }) => {
    if (verb !== 'update' || subresource !== 'status') return;
    failures -= 1;
    if (failures === 2) cluster.seed(podDisruptionBudgets, { ...made, status: { disruptedPods: { 's-0': rfc3339(clock.now()) } } });
    if (failures === 1) throw new ApiError('InternalError', 'bad luck');
  };
  await clock.advance(90_000);
  expect(status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 0, disruptedPods: { 's-0': expect.any(String) } });
  await clock.advance(120_000);
  expect(status()).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 1 });
});

test('a pod that was to be disrupted and was not loses the condition', async () => {
  const { clock, cluster } = start();
  const conditions = [
    { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime: rfc3339(clock.now()) },
  ];
  cluster.seed(pods, { metadata: { name: 'p', namespace: 'n' }, status: { phase: 'Running', conditions } });
  const shown = () => cluster.find(pods, 'n/p')?.status?.conditions?.[0];
  await clock.advance(60_000);
  expect(shown()?.status).toBe('True');
  await clock.advance(61_000);
  expect(shown()).toEqual({ type: 'DisruptionTarget', status: 'False', lastTransitionTime: expect.any(String) });
});
