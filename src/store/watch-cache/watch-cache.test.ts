import { expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { memoryStore } from '../memory/memory-store.ts';
import { nextEvents } from './next-events.ts';
import { createWatchCache, type WatchCacheOptions } from './watch-cache.ts';

interface Thing {
  apiVersion: string;
  kind: string;
  metadata: { name: string; resourceVersion?: string; labels?: Record<string, string> };
  node?: string;
}

const PREFIX = '/registry/core/things/';
const key = (name: string, namespace = 'default') => `${PREFIX}${namespace}/${name}`;
const thing = (name: string, node?: string): Thing => ({ apiVersion: 'v1', kind: 'Thing', metadata: { name }, node });
const indexes = { node: (t: Thing) => (t.node === undefined ? [] : [t.node]) };
const signal = new AbortController().signal;

async function setUp(options: Partial<WatchCacheOptions> = {}) {
  const store = memoryStore();
  const clock = fakeClock();
  const cache = createWatchCache(store, { clock, log: silentLogger, ...options });
  const things = await cache.open<Thing>({ prefix: PREFIX, indexes });
  return { store, clock, cache, things };
}

it('stores JSON without resourceVersion and serves it with the revision', async () => {
  const { store, things } = await setUp();
  const created = await things.put(key('a'), { ...thing('a'), metadata: { name: 'a', resourceVersion: '999' } }, { expected: 0 });
  const revision = String(created.revision);
  expect(JSON.parse(String(Buffer.from((await store.get(key('a')))?.value ?? [])))).toEqual(thing('a'));
  expect(JSON.parse(created.bytes.toString())).toEqual({ ...thing('a'), metadata: { name: 'a', resourceVersion: revision } });
  expect(created.object.metadata).toEqual({ name: 'a', resourceVersion: revision });
  expect(things.get(key('a'))).toBe(created);
});

it('finds the metadata of the object itself, whatever order and text it comes with', async () => {
  const { things } = await setUp();
  const odd = { template: { metadata: { name: 'inner' } }, note: '"metadata":{', metadata: {}, kind: '"metadata":{' };
  const created = await things.put(key('a'), odd as unknown as Thing, { expected: 0 });
  expect(JSON.parse(created.bytes.toString())).toEqual({ ...odd, metadata: { resourceVersion: String(created.revision) } });
});

it('freezes what it hands out, all the way down', async () => {
  const { things } = await setUp();
  const created = await things.put(key('a'), { ...thing('a'), metadata: { name: 'a', labels: { x: 'y' } } }, { expected: 0 });
  for (const part of [created.object, created.object.metadata, created.object.metadata.labels]) expect(Object.isFrozen(part)).toBe(true);
});

it('loads what the store has, and watches from before that are expired', async () => {
  const { store, cache, things } = await setUp();
  const created = await things.put(key('a'), thing('a', 'n1'), { expected: 0 });
  await cache.close();
  const again = createWatchCache(store, { clock: fakeClock(), log: silentLogger });
  const loaded = await again.open<Thing>({ prefix: PREFIX, indexes });
  expect(loaded.get(key('a'))?.bytes.equals(created.bytes)).toBe(true);
  expect(loaded.get(key('a'))?.object).toEqual(created.object);
  expect(Object.isFrozen(loaded.get(key('a'))?.object.metadata)).toBe(true);
  expect(() => loaded.watch({ fromRevision: created.revision - 1 })).toThrow(expect.objectContaining({ reason: 'Expired' }));
  expect(loaded.watch({ fromRevision: created.revision }).progress()).toBe(created.revision);
});

it('loads in pages while others write', async () => {
  const { store, things } = await setUp();
  for (let i = 0; i < 2500; i += 1) await things.put(key(String(i)), thing(String(i)), { expected: 0 });
  const again = createWatchCache(store, { clock: fakeClock(), log: silentLogger });
  const opening = again.open<Thing>({ prefix: PREFIX });
  const first = things.get(key('0'));
  await things.delete(key('0'), { expected: first?.revision ?? 0 });
  await things.put(key('999'), thing('999', 'n1'), { expected: things.get(key('999'))?.revision ?? 0 });
  await things.put(key('new'), thing('new'), { expected: 0 });
  const loaded = await opening;
  expect(loaded.list().items.map((i) => i.bytes.toString())).toEqual(things.list().items.map((i) => i.bytes.toString()));
  expect(loaded.revision).toBe(things.revision);
});

it('tells watchers what was before, and stamps a deleted object with the revision of its deletion', async () => {
  const { things } = await setUp();
  const watcher = things.watch({ fromRevision: things.revision });
  const a = await things.put(key('a'), thing('a'), { expected: 0 });
  const b = await things.put(key('a'), thing('a', 'n1'), { expected: a.revision });
  const gone = await things.delete(key('a'), { expected: b.revision });
  const events = await nextEvents(watcher);
  expect(events?.map((e) => [e.type, e.previous?.revision, e.item.revision])).toEqual([
    ['ADDED', undefined, a.revision],
    ['MODIFIED', a.revision, b.revision],
    ['DELETED', b.revision, gone.revision],
  ]);
  expect(JSON.parse(gone.bytes.toString())).toEqual({
    ...thing('a', 'n1'),
    metadata: { name: 'a', resourceVersion: String(gone.revision) },
  });
  expect(gone.object).toEqual(JSON.parse(gone.bytes.toString()));
});

it('lets the first of simultaneous deletes win', async () => {
  const { things } = await setUp();
  const { revision: expected } = await things.put(key('a'), thing('a'), { expected: 0 });
  const results = await Promise.allSettled([things.delete(key('a'), { expected }), things.delete(key('a'), { expected })]);
  expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected']);
});

it('closes a watcher that does not keep up, and no other', async () => {
  const { things } = await setUp({ queueLimit: 3 });
  const slow = things.watch({ fromRevision: things.revision });
  const other = things.watch({ fromRevision: things.revision, prefix: `${PREFIX}elsewhere/` });
  for (let i = 0; i < 4; i += 1) await things.put(key(String(i)), thing(String(i)), { expected: 0 });
  await expect(nextEvents(slow)).rejects.toMatchObject({ reason: 'TooSlow' });
  const last = await things.put(key('x', 'elsewhere'), thing('x'), { expected: 0 });
  expect((await nextEvents(other))?.map((e) => e.revision)).toEqual([last.revision]);
});

it('ends a waiting watcher when it is disposed', async () => {
  const { things } = await setUp();
  const watcher = things.watch({ fromRevision: things.revision });
  const next = nextEvents(watcher);
  watcher[Symbol.dispose]();
  expect(await next).toBeUndefined();
});

it('advances the progress of idle watchers with writes elsewhere', async () => {
  const { store, things } = await setUp();
  const watcher = things.watch({ fromRevision: things.revision });
  const elsewhere = await store.put('/registry/core/others/x', Buffer.from('{}'), { expected: 0 });
  expect(watcher.progress()).toBe(elsewhere);
  const mine = await things.put(key('a'), thing('a'), { expected: 0 });
  expect(watcher.progress()).toBe(mine.revision - 1);
  await nextEvents(watcher);
  expect(watcher.progress()).toBe(mine.revision);
  expect(things.revision).toBe(mine.revision);
});

it('forgets events by number, by size and by age', async () => {
  for (const limit of [{ historyEvents: 5 }, { historyBytes: 500 }, { historyAgeMs: 1000 }]) {
    const { clock, things } = await setUp(limit);
    const start = things.revision;
    for (let i = 0; i < 10; i += 1) {
      await things.put(key(String(i)), thing(String(i)), { expected: 0 });
      await clock.advance(200);
    }
    expect(() => things.watch({ fromRevision: start })).toThrow(expect.objectContaining({ reason: 'Expired' }));
    expect(() => things.list({ atRevision: start })).toThrow(expect.objectContaining({ reason: 'Expired' }));
    const recent = things.watch({ fromRevision: things.revision - 2 });
    expect(await nextEvents(recent)).toHaveLength(2);
  }
});

it('waits for a revision, and gives up in time', async () => {
  const { clock, things } = await setUp();
  const soon = things.waitFor(things.revision + 1, { timeoutMs: 3000, signal });
  const never = expect(things.waitFor(things.revision + 9, { timeoutMs: 3000, signal })).rejects.toMatchObject({ reason: 'Unavailable' });
  await things.put(key('a'), thing('a'), { expected: 0 });
  await soon;
  await clock.advance(3000);
  await never;
  expect(clock.pending).toBe(0);
});

it('loads anew and ends its watchers when the store lost track', async () => {
  const store = memoryStore();
  let lost = () => {};
  const forgetful = Object.assign(Object.create(store), {
    get: store.get.bind(store),
    list: store.list.bind(store),
    put: store.put.bind(store),
    subscribe: (listener: Parameters<typeof store.subscribe>[0]) => {
      lost = () => listener.lost?.();
      return { [Symbol.dispose]() {} };
    },
  });
  const clock = fakeClock();
  const things = await createWatchCache(forgetful, { clock, log: silentLogger }).open<Thing>({ prefix: PREFIX });
  const watcher = things.watch({ fromRevision: things.revision });
  const revision = await store.put(key('a'), Buffer.from(JSON.stringify(thing('a'))), { expected: 0 });
  lost();
  await expect(nextEvents(watcher)).rejects.toMatchObject({ reason: 'Expired' });
  await clock.advance(0);
  expect(things.get(key('a'))?.revision).toBe(revision);
  expect(things.watch({ fromRevision: revision }).progress()).toBe(revision);
});
