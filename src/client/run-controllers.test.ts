import { afterEach, beforeEach, expect, test } from 'vitest';
import { configMaps, pods, registry, replicaSets } from '../api/index.ts';
import { isForbidden } from '../api/meta/status.ts';
import type { ConfigMap } from '../api/schema/generated/types.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import type { Controller } from './controller.ts';
import { fakeCluster } from './fake-client.ts';
import { createInformers } from './informer.ts';
import { runControllers } from './run-controllers.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

function start(...controllers: Controller[]) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const informers = createInformers({ client: cluster.client, clock, log: silentLogger, random: () => 0 });
  const runner = runControllers({ controllers, client: cluster.client, informers, resource: registry.byId, clock, log: silentLogger });
  let isReady = false;
  const runs = [
    informers.run({ signal: stop.signal, ready() {} }),
    runner.run({
      signal: stop.signal,
      ready: () => {
        isReady = true;
      },
    }),
  ];
  return { clock, cluster, runs, isReady: () => isReady };
}
const configMap = (name: string) => ({ metadata: { name, namespace: 'n' } });

test('a key that fails is retried with back-off, while others and other controllers go on', async () => {
  const seen: string[] = [];
  const { clock, cluster } = start(
    {
      name: 'one',
      reads: ['configmaps'],
      writes: [],
      async reconcile({ key }) {
        seen.push(key);
        if (key === 'n/bad' && seen.filter((k) => k === key).length < 3) throw new Error('not yet');
      },
    },
    { name: 'two', reads: ['configmaps'], writes: [], reconcile: async ({ key }) => void seen.push(`two ${key}`) },
  );
  cluster.seed(configMaps, configMap('bad'));
  cluster.seed(configMaps, configMap('good'));
  await clock.advance(20_000);
  expect(seen.filter((k) => k === 'n/bad').length).toBe(3);
  expect(seen).toContain('n/good');
  expect(seen).toContain('two n/bad');
});

test('whom a change concerns is asked of both of its states, each with the other', async () => {
  const asked: (string | undefined)[][] = [];
  const value = (object: ConfigMap | undefined) => object?.data?.value;
  const { clock, cluster } = start({
    name: 'one',
    reads: ['configmaps'],
    writes: [],
    enqueue: {
      configmaps(object, _, counterpart) {
        asked.push([value(object), value(counterpart)]);
        return [];
      },
    },
    reconcile: async () => undefined,
  });
  cluster.seed(configMaps, { ...configMap('a'), data: { value: 'old' } });
  await clock.advance(10);
  cluster.seed(configMaps, { ...configMap('a'), data: { value: 'new' } });
  await clock.advance(10);
  await cluster.client.delete(configMaps, 'a', { namespace: 'n', signal: stop.signal });
  await clock.advance(10);
  expect(asked).toEqual([
    ['old', undefined],
    ['new', 'old'],
    ['old', 'new'],
    ['new', undefined],
  ]);
});

test('writes that a controller did not declare are refused', async () => {
  const errors: unknown[] = [];
  const { clock, cluster } = start({
    name: 'sneaky',
    reads: ['configmaps'],
    writes: ['configmaps/status'],
    async reconcile({ client, signal }) {
      await client.delete(configMaps, 'a', { namespace: 'n', signal }).catch((error) => errors.push(error));
    },
  });
  cluster.seed(configMaps, configMap('a'));
  await clock.advance(10);
  expect(errors.length).toBe(1);
  expect(isForbidden(errors[0])).toBe(true);
  expect(cluster.all(configMaps).length).toBe(1);
});

test('a controller never runs on a cache that lacks its own writes: a stale watch does not make it create twice', async () => {
  const { clock, cluster } = start({
    name: 'creator',
    reads: ['replicasets.apps', 'pods'],
    writes: ['pods'],
    async reconcile({ informer, client, signal, key }) {
      if (!informer(replicaSets).get(key) || informer(pods).by('namespace', 'n').length > 0) return;
      await client.create(pods, { metadata: { generateName: 'p-', namespace: 'n' }, spec: { containers: [] } }, { namespace: 'n', signal });
    },
  });
  await clock.advance(0);
  const replicaSet = { metadata: { name: 'r', namespace: 'n' }, spec: { selector: {} } };
  cluster.seed(replicaSets, replicaSet);
  await clock.advance(0);
  expect(cluster.all(pods).length).toBe(1);
  cluster.history.hold();
  cluster.seed(replicaSets, { ...replicaSet, metadata: { ...replicaSet.metadata, labels: { a: 'b' } } });
  await clock.advance(10_000);
  cluster.history.release();
  await clock.advance(10_000);
  expect(cluster.all(pods).length).toBe(1);
});

test('a write whose answer is lost is not made again: the server is asked before the key runs again', async () => {
  let runs = 0;
  const { clock, cluster } = start({
    name: 'creator',
    reads: ['configmaps', 'pods'],
    writes: ['pods'],
    async reconcile({ informer, client, signal }) {
      runs += 1;
      if (informer(pods).list().length > 0) return;
      cluster.history.hold();
      cluster.loseAnswer = runs === 1;
      await client.create(pods, { metadata: { generateName: 'p-', namespace: 'n' }, spec: { containers: [] } }, { namespace: 'n', signal });
    },
  });
  cluster.seed(configMaps, configMap('a'));
  await clock.advance(20_000);
  expect([runs, cluster.all(pods).length]).toEqual([1, 1]);
  cluster.history.release();
  await clock.advance(1_000);
  expect([runs, cluster.all(pods).length]).toEqual([2, 1]);
});

test('a change of a controlled object enqueues its owner, also when the owner changes', async () => {
  const seen: string[] = [];
  const { clock, cluster } = start({
    name: 'owners',
    reads: ['replicasets.apps', 'pods'],
    writes: [],
    reconcile: async ({ key }) => void seen.push(key),
  });
  const owner = (name: string) => [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: name, controller: true }];
  const pod = (name: string) => ({ metadata: { name: 'p', namespace: 'n', ownerReferences: owner(name) }, spec: { containers: [] } });
  cluster.seed(pods, pod('a'));
  await clock.advance(0);
  cluster.seed(pods, pod('b'));
  await clock.advance(0);
  expect(seen).toEqual(['n/a', 'n/b', 'n/a']);
});

test('the runner is ready after the first lists and settles when stopped', async () => {
  const { clock, runs, isReady } = start({ name: 'x', reads: ['configmaps'], writes: [], reconcile: async () => {} });
  expect(isReady()).toBe(false);
  await clock.advance(0);
  expect(isReady()).toBe(true);
  stop.abort();
  await Promise.all(runs);
});
