/**
 * Measures the store and the watch cache on a real disk: `node test/bench/store.ts [directory]` prints JSON lines.
 * Each figure is checked: counts and revisions are what was written.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import type { Collection } from '../../src/store/watch-cache/collection.ts';
import { nextEvents } from '../../src/store/watch-cache/next-events.ts';
import { createWatchCache } from '../../src/store/watch-cache/watch-cache.ts';

const open = () => openStore({ url: `sqlite://${directory}/state.db`, clock: systemClock, log: silentLogger });
const say = (figure: string, value: number, unit: string) =>
  console.log(JSON.stringify({ figure, value: Math.round(value * 10) / 10, unit }));

async function timed(run: () => Promise<void> | void): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

async function putThroughput(store: Store, { writers, seconds }: { writers: number; seconds: number }): Promise<void> {
  const value = Buffer.alloc(1000, 'x');
  const until = performance.now() + seconds * 1000;
  let count = 0;
  const write = async (w: number) => {
    for (let i = 0; performance.now() < until; i += 1) {
      await store.put(`/registry/bench/${writers}/${w}/${i}`, value, { expected: 0 });
      count += 1;
    }
  };
  const took = await timed(async () => void (await Promise.all(Array.from({ length: writers }, (_, w) => write(w)))));
  assert.equal((await store.list(`/registry/bench/${writers}/`)).entries.length, count);
  say(`store: durable puts of 1 kB, ${writers} writers`, count / took, '1/s');
}

const pod = (i: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${i}`, namespace: `ns-${i % 100}`, uid: `uid-${i}`, labels: { app: `app-${i % 50}` } },
  spec: { nodeName: `node-${i % 100}`, containers: [{ name: 'main', image: 'registry.example/app:1', env: environment(i) }] },
  status: { phase: 'Running', podIP: `10.0.${i >> 8}.${i & 255}` },
});
const environment = (i: number) =>
  Array.from({ length: 20 }, (_, n) => ({ name: `VARIABLE_${n}`, value: `value of ${n} in pod ${i} ${'x'.repeat(40)}` }));
const configMap = (i: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `cm-${i}`, namespace: `ns-${i % 100}` },
  data: { text: `${i} `.repeat(150) },
});
const PODS = '/registry/core/pods/';
const MAPS = '/registry/core/configmaps/';
const OBJECTS = 18_000;

type Any = { metadata: { name: string; namespace: string } };

async function fill(collection: Collection<Any>, prefix: string, make: (i: number) => Any): Promise<void> {
  let next = 0;
  const write = async () => {
    while (next < OBJECTS) {
      const object = make(next++);
      await collection.put(`${prefix}${object.metadata.namespace}/${object.metadata.name}`, object, { expected: 0 });
    }
  };
  const took = await timed(async () => void (await Promise.all(Array.from({ length: 64 }, write))));
  assert.equal(collection.size, OBJECTS);
  say(`watch cache: durable creates of ${prefix.split('/')[3]}, 64 writers`, OBJECTS / took, '1/s');
}

const openBoth = async (store: Store) => {
  const cache = createWatchCache(store, { clock: systemClock, log: silentLogger });
  return {
    cache,
    pods: await cache.open<Any>({ prefix: PODS, indexes: { node: (p) => [(p as ReturnType<typeof pod>).spec.nodeName] } }),
    maps: await cache.open<Any>({ prefix: MAPS }),
  };
};

async function readFigures(pods: Collection<Any>): Promise<void> {
  const scan = await timed(() => {
    for (let i = 0; i < 1000; i += 1) assert.equal(pods.list({ prefix: `${PODS}ns-${i % 100}/` }).items.length, OBJECTS / 100);
  });
  say('watch cache: list of a namespace, 180 of 18000', scan * 1000, 'µs');
  const build = await timed(
    () => assert.equal(pods.list({ index: { name: 'node', value: 'node-1' } }).items.length, OBJECTS / 100) as void,
  );
  say('watch cache: first use of an index over 18000', build * 1000, 'ms');
  const lookup = await timed(() => {
    for (let i = 0; i < 1000; i += 1)
      assert.equal(pods.list({ index: { name: 'node', value: `node-${i % 100}` } }).items.length, OBJECTS / 100);
  });
  say('watch cache: list by index, 180 of 18000', lookup * 1000, 'µs');
  const all = await timed(() => assert.equal(pods.list().items.length, OBJECTS));
  say('watch cache: list of all 18000', all * 1000, 'ms');
}

const memory = (figure: string) => {
  globalThis.gc?.();
  say(figure, process.memoryUsage.rss() / 2 ** 20, 'MiB');
};

async function throughput(): Promise<void> {
  const store = await open();
  for (const writers of [1, 16, 64]) await putThroughput(store, { writers, seconds: 3 });
  await store.close();
}

async function fillBoth(): Promise<void> {
  const store = await open();
  const { pods, maps, cache } = await openBoth(store);
  const watcher = pods.watch({ fromRevision: pods.revision });
  let events = 0;
  const watching = (async () => {
    for (let batch = await nextEvents(watcher); batch; batch = await nextEvents(watcher)) events += batch.length;
  })();
  await fill(pods, PODS, pod);
  await fill(maps, MAPS, configMap);
  watcher[Symbol.dispose]();
  await watching;
  assert.equal(events, OBJECTS);
  memory('resident after 36000 creates, with their history');
  await readFigures(pods);
  await cache.close();
  await store.close();
}

async function load(): Promise<void> {
  memory('resident before loading');
  const start = performance.now();
  const store = await open();
  const { pods, maps, cache } = await openBoth(store);
  say('start: open and load 36000 objects', performance.now() - start, 'ms');
  assert.equal(pods.size + maps.size, 2 * OBJECTS);
  memory('resident after loading');
  const bytes = [...pods.list().items, ...maps.list().items].reduce((sum, item) => sum + item.bytes.length, 0);
  say('JSON of the loaded objects', bytes / 2 ** 20, 'MiB');
  await cache.close();
  await store.close();
}

const PHASES: Readonly<Record<string, () => Promise<void>>> = { throughput, fill: fillBoth, load };

/** Each phase in a process of its own, so that memory is the phase's own. */
async function runPhases(): Promise<void> {
  const parent = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'minik-bench-'));
  try {
    for (const phase of Object.keys(PHASES)) {
      const directory = join(parent, phase === 'throughput' ? 'throughput' : 'objects');
      const child = spawn(process.execPath, ['--expose-gc', import.meta.filename, '--phase', phase, directory], { stdio: 'inherit' });
      const [code] = await once(child, 'exit');
      assert.equal(code, 0, `${phase} failed`);
    }
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

const [first, phase = '', directory = ''] = process.argv.slice(2);
await (first === '--phase' ? PHASES[phase]?.() : runPhases());
