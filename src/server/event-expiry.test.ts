import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../api/meta/object.ts';
import type { Event } from '../api/schema/generated/types.ts';
import { silentLogger } from '../base/logger.ts';
import { StoreError } from '../store/store.ts';
import type { CachedCollection } from '../store/watch-cache/cached-collection.ts';
import { eventExpiry } from './event-expiry.ts';
import { type FakeApi, fakeApi } from './fake-api.ts';

const MINUTE_MS = 60_000;
const at = { namespace: 'n' };
let api: FakeApi;
let ending: AbortController;
let running: Promise<void> | undefined;
beforeEach(async () => {
  api = await fakeApi();
  ending = new AbortController();
  await api.call('create', 'namespaces', { body: { metadata: { name: 'n' } } });
});
afterEach(async () => {
  ending.abort();
  await running;
});

function eventsOf({ resources }: FakeApi) {
  const resource = resources.byId('events');
  if (!resource) throw new Error('no events');
  return resource;
}
function start(): void {
  const options = { collection: eventsOf(api).collection, ttlMs: 60 * MINUTE_MS, clock: api.clock, log: silentLogger };
  running = eventExpiry(options).run({ signal: ending.signal, ready() {} });
}
const tell = (name: string, metadata: object = {}) =>
  api.call<Event>('create', 'events', {
    ...at,
    body: { metadata: { name, ...metadata }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'n' } },
  });
const names = async () => (await api.list('events', at)).items.map(({ metadata }) => metadata?.name);
/** In steps: timers of a fake clock that are set while it advances count from its new time. */
async function advance(minutes: number): Promise<void> {
  for (let i = 0; i < minutes * 2; i += 1) await api.clock.advance(MINUTE_MS / 2);
}

it('removes events an hour after they were last written, whatever holds them', async () => {
  start();
  await tell('a', { finalizers: ['example.com/held'] });
  await advance(30);
  await tell('b');
  await api.call('patch', 'events', { ...at, name: 'a', patchType: 'merge', body: { count: 2 } });
  await tell('c');
  await api.call('delete', 'events', { ...at, name: 'c' });
  await advance(45);
  expect(await names()).toEqual(['a', 'b']);
  await advance(16);
  expect(await names()).toEqual([]);
});

it('knows how old events are that were there before it', async () => {
  await tell('old');
  await advance(50);
  await tell('new');
  start();
  await advance(11);
  expect(await names()).toEqual(['new']);
  await advance(50);
  expect(await names()).toEqual([]);
});

it.each(['Expired', 'TooSlow'] as const)('goes on when what it follows ends: %s', async (reason) => {
  start();
  await tell('a');
  (eventsOf(api).collection as CachedCollection<KubeObject>).endWatchers(new StoreError(reason, 'the watch ended'));
  await advance(1);
  await tell('b');
  await advance(59.5);
  expect(await names()).toEqual(['b']);
  await advance(1.5);
  expect(await names()).toEqual([]);
});

it('tells watchers', async () => {
  start();
  const { metadata } = await tell('a');
  const { collection, prefix } = eventsOf(api);
  using watcher = collection.watch({ fromRevision: Number(metadata?.resourceVersion) });
  await advance(61);
  expect(watcher.take()?.map(({ type, item }) => [type, item.key])).toEqual([['DELETED', `${prefix}n/a`]]);
});
