import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configMaps, pods, secrets } from '../api/index.ts';
import { ApiError } from '../api/meta/status.ts';
import type { ConfigMap, Secret } from '../api/schema/generated/types.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { fakeCluster } from './fake-client.ts';
import { createInformers } from './informer.ts';
import { InformerCache } from './informer-cache.ts';
import { type InformerInput, type InformerState, LONGEST_DELAY_MS, stepInformer } from './informer-machine.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

function set() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const informers = createInformers({ client: cluster.client, clock, log: silentLogger, random: () => 0 });
  const informer = informers.informer(configMaps);
  const changes: string[] = [];
  informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata?.name}`));
  const put = (name: string, value = 'x') => {
    const old = cluster.find(configMaps, `default/${name}`);
    return cluster.seed(configMaps, { metadata: { ...old?.metadata, name, namespace: 'default' }, data: { value } });
  };
  const remove = (name: string) => cluster.client.delete(configMaps, name, { namespace: 'default', signal: stop.signal });
  const run = informers.run({ signal: stop.signal, ready() {} });
  return { clock, cluster, informers, informer, changes, put, remove, run };
}

test('an informer lists first, then follows changes in order', async () => {
  const { clock, informer, changes, put, remove } = set();
  put('a');
  await clock.advance(0);
  expect(informer.synced).toBe(true);
  put('b');
  put('a', 'y');
  await remove('b');
  await clock.advance(0);
  expect(changes).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
  expect(informer.get('default/a')?.data).toEqual({ value: 'y' });
});

test('a watch that was cut resumes where it was, without a new list', async () => {
  const { clock, cluster, changes, put } = set();
  put('a');
  await clock.advance(0);
  const requests: string[] = [];
  cluster.intercept = ({ verb, options }) => void requests.push(`${verb} ${options?.resourceVersion}`);
  cluster.history.cut();
  put('b');
  await clock.advance(1000);
  expect(requests).toEqual(['watch 1']);
  expect(changes).toEqual(['ADDED a', 'ADDED b']);
});

test('after 410 an informer lists again and reports what changed and what vanished meanwhile', async () => {
  const { clock, cluster, informer, changes, put, remove } = set();
  put('a');
  put('gone');
  await clock.advance(0);
  cluster.history.hold();
  await remove('gone');
  put('a', 'y');
  put('b');
  cluster.history.forget(cluster.revision + 1);
  cluster.history.release();
  await clock.advance(1000);
  expect(changes.slice(2)).toEqual(['DELETED gone', 'MODIFIED a', 'ADDED b']);
  expect(informer.list().length).toBe(2);
});

test('a server that is down is asked less and less often', async () => {
  const { clock, cluster } = set();
  let requests = 0;
  cluster.intercept = () => {
    requests += 1;
    throw new ApiError('ServiceUnavailable', 'down');
  };
  cluster.history.cut();
  await clock.advance(600_000);
  expect(requests).toBeGreaterThan(15);
  expect(requests).toBeLessThan(40);
});

test('informers are shared by resource, and one that is asked for late still runs', async () => {
  const { clock, cluster, informers, informer } = set();
  await clock.advance(0);
  expect(informers.informer(configMaps)).toBe(informer);
  cluster.seed(pods, { metadata: { name: 'p', namespace: 'n' }, spec: { nodeName: 'n1', containers: [] } });
  cluster.seed(pods, { metadata: { name: 'q', namespace: 'n' }, spec: { nodeName: 'n2', containers: [] } });
  const own = informers.informer(pods, { scope: { fieldSelector: 'spec.nodeName=n1' } });
  await own.whenSynced({ signal: stop.signal });
  expect(own.list().map((p) => p.metadata?.name)).toEqual(['p']);
});

test('run settles when its signal aborts', async () => {
  const { clock, run } = set();
  await clock.advance(0);
  stop.abort();
  await run;
  expect(clock.pending).toBe(0);
});

const arbitraryInput = fc.oneof(
  fc.constantFrom<InformerInput>({ type: 'closed' }, { type: 'failed' }, { type: 'expired' }, { type: 'waited' }),
  fc.nat().map((n): InformerInput => ({ type: 'listed', resourceVersion: String(n) })),
  fc.nat().map((n): InformerInput => ({ type: 'progressed', resourceVersion: String(n) })),
);

test('the machine waits after every failure, never longer than the limit, and lists after 410', () => {
  fc.assert(
    fc.property(fc.array(arbitraryInput), (inputs) => {
      let state: InformerState = { at: 'listing', failures: 0 };
      for (const input of inputs) {
        const before = state;
        state = stepInformer(state, input);
        if (input.type === 'failed' || input.type === 'closed' || input.type === 'expired') expect(state.at).toBe('backing-off');
        if (input.type === 'expired' && before.at !== 'backing-off') expect(stepInformer(state, { type: 'waited' }).at).toBe('listing');
        if (state.at === 'backing-off') expect(state.delayMs).toBeLessThanOrEqual(LONGEST_DELAY_MS);
      }
    }),
  );
});

test('indexes always agree with a scan', () => {
  const operation = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.constantFrom('x', 'y'), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const cache = new InformerCache<ConfigMap>();
      cache.addIndexes({ value: (o) => [o.data?.value ?? ''] });
      operations.forEach(({ name, value, remove }, i) => {
        const object = { metadata: { name, namespace: 'n', resourceVersion: String(i + 1) }, data: { value } };
        if (remove) cache.remove(object);
        else cache.set(object);
      });
      for (const value of ['x', 'y']) {
        expect(new Set(cache.by('value', value))).toEqual(new Set(cache.list().filter((o) => o.data?.value === value)));
      }
    }),
  );
});

test('who looks at outlines alone costs no content, unless somebody else reads it', async () => {
  const { clock, cluster, informers, put } = set();
  const owner = { apiVersion: 'v1', kind: 'Secret', name: 'o', uid: 'u' };
  cluster.seed(secrets, {
    metadata: { name: 's', namespace: 'default', ownerReferences: [owner], labels: { a: 'b' } },
    data: { x: 'eA==' },
  });
  put('a');
  const outlines = informers.informer(secrets, { outlines: true });
  // Asked for before anything came: one view for both.
  const both = informers.informer(pods, { outlines: true });
  expect(informers.informer(pods)).toBe(both);
  expect(informers.informer(configMaps, { outlines: true })).toBe(informers.informer(configMaps));
  await clock.advance(0);
  const seen = outlines.get('default/s');
  expect(seen).toMatchObject({ kind: 'Secret', metadata: { name: 's', namespace: 'default', ownerReferences: [owner] } });
  expect(seen?.data).toBeUndefined();
  expect(seen?.metadata?.labels).toBeUndefined();
  const whole = informers.informer(secrets);
  expect(informers.informer(secrets, { outlines: true })).toBe(whole);
  await clock.advance(0);
  expect(whole.get('default/s')?.data).toEqual({ x: 'eA==' });
  const changes: string[] = [];
  outlines.onChange(({ type, object }) => changes.push(`${type} ${object.metadata?.resourceVersion} ${object.data}`));
  const changed = cluster.seed(secrets, { ...whole.get('default/s'), data: { x: 'eQ==' } } as Secret);
  await clock.advance(0);
  expect(changes.at(-1)).toBe(`MODIFIED ${changed.metadata?.resourceVersion} undefined`);
  expect(whole.get('default/s')?.data).toEqual({ x: 'eQ==' });
});
