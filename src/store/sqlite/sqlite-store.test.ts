import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { storeConformance } from '../conformance.ts';
import { openSqliteStore, type SqliteOptions } from './sqlite-store.ts';

const newDirectory = () => mkdtemp(join(tmpdir(), 'minik-store-'));

storeConformance('sqlite', async () => {
  const directory = await newDirectory();
  return {
    durable: true,
    open: () => openSqliteStore({ path: join(directory, 'state.db'), clock: systemClock, log: silentLogger }),
    remove: () => rm(directory, { recursive: true }),
  };
});

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await newDirectory();
  path = join(directory, 'data', 'state.db');
});
afterEach(() => rm(directory, { recursive: true }));

const openHere = (options: Partial<SqliteOptions> = {}) => openSqliteStore({ path, clock: systemClock, log: silentLogger, ...options });
const unavailable = (sentence: string) => ({ name: 'StoreError', reason: 'Unavailable', message: expect.stringContaining(sentence) });
const value = Buffer.alloc(1000, 'x');

/** What a reader of the file finds after the store is closed or was left as it is. */
const rowsOf = async (): Promise<{ key: string; value: Buffer }[]> => {
  const sqlite = new Sqlite(path, { readonly: true });
  try {
    return sqlite.prepare<[], { key: string; value: Buffer }>('SELECT key, value FROM objects ORDER BY key').all();
  } finally {
    sqlite.close();
  }
};

it('keeps its files to their owner', async () => {
  const store = await openHere();
  await store.put('/a', value, { expected: 0 });
  expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  for (const file of [path, `${path}-wal`]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  await store.close();
});

it('refuses a second opener in one sentence, and lets it in after the first has closed', async () => {
  const first = await openHere();
  await expect(openHere()).rejects.toMatchObject(unavailable(`the database ${path} is in use`));
  await first.put('/a', value, { expected: 0 });
  await first.close();
  await (await openHere()).close();
});

it('says that a file is damaged, foreign or from the future', async () => {
  await (await openHere()).close();
  const sqlite = new Sqlite(path);
  sqlite.pragma('user_version = 99');
  sqlite.close();
  await expect(openHere()).rejects.toMatchObject(unavailable('it has format 99'));

  const foreign = join(directory, 'foreign.db');
  new Sqlite(foreign).exec('CREATE TABLE t (x)').close();
  const before = await readFile(foreign);
  await expect(openHere({ path: foreign })).rejects.toMatchObject(unavailable('not a minik database'));
  expect((await readFile(foreign)).equals(before)).toBe(true);

  const text = join(directory, 'text.db');
  await writeFile(text, 'no database at all, but long enough to be read as a header of one'.repeat(100));
  await expect(openHere({ path: text })).rejects.toMatchObject(unavailable('is damaged'));
});

it('says that a file with broken pages is damaged', async () => {
  const store = await openHere();
  await Promise.all(Array.from({ length: 500 }, (_, i) => store.put(`/${i}`, value, { expected: 0 })));
  await store.close();
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc((await file.stat()).size - 4096, 0xee), 0, undefined, 4096);
  await file.close();
  await expect(openHere()).rejects.toMatchObject(unavailable('is damaged'));
});

it('rejects the writers of a batch that does not fit on disk, forgets their revisions and goes on', async () => {
  const store = await openHere({ maxBytes: 256 * 1024 });
  const kept = await store.put('/kept', value, { expected: 0 });
  const seen: string[] = [];
  store.subscribe({ event: (event) => seen.push(event.key) });
  const large = Buffer.alloc(300 * 1024);
  const results = await Promise.allSettled([
    store.put('/large', large, { expected: 0 }),
    store.delete('/kept', { expected: kept }),
    store.put('/kept', large, { expected: 0 }),
  ]);
  for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: unavailable('full') });
  expect(seen).toEqual([]);
  expect((await store.list('/')).entries.map((e) => [e.key, e.revision])).toEqual([['/kept', kept]]);
  const next = await store.put('/kept', Buffer.from('small'), { expected: kept });
  expect(next).toBeGreaterThan(kept + 3);
  await store.put('/large', value, { expected: 0 });
  expect(seen).toEqual(['/kept', '/large']);
  await store.close();
});

it('keeps write-behind writes that did not fit for the next flush, and says so when they are lost at the end', async () => {
  const clock = fakeClock();
  const failures: string[] = [];
  const log = { ...silentLogger, error: (_: object, message: string) => failures.push(message) };
  const store = await openHere({ maxBytes: 64 * 1024, clock, log, flushMs: 1000 });
  const large = await store.put('/lease', Buffer.alloc(100 * 1024), { expected: 0, persistence: 'write-behind' });
  await clock.advance(1000);
  await expect(store.list('/')).rejects.toMatchObject(unavailable('cannot flush'));
  expect(failures.length).toBeGreaterThan(0);
  expect((await store.get('/lease'))?.revision).toBe(large);
  await expect(store.close()).rejects.toMatchObject(unavailable('1 write-behind'));
});

it('flushes write-behind writes after a while, once per key, and drops what was deleted before', async () => {
  const clock = fakeClock();
  const store = await openHere({ clock, flushMs: 1000 });
  let revision = 0;
  for (let i = 0; i < 50; i += 1)
    revision = await store.put('/lease', Buffer.from(`${i}`), { expected: revision, persistence: 'write-behind' });
  const gone = await store.put('/gone', value, { expected: 0, persistence: 'write-behind' });
  await store.delete('/gone', { expected: gone, persistence: 'write-behind' });
  expect(clock.pending).toBe(1);
  await clock.advance(1000);
  await store.put('/durable', value, { expected: 0 });
  expect(clock.pending).toBe(0);
  await store.close();
  expect((await rowsOf()).map((row) => [row.key, row.value.length])).toEqual([
    ['/durable', 1000],
    ['/lease', 2],
  ]);
});

it('hands out more write-behind revisions than one ceiling step, and reopens above them', async () => {
  const store = await openHere({ clock: fakeClock() });
  let revision = 0;
  for (let i = 0; i < 30_000; i += 1) revision = await store.put('/lease', value, { expected: revision, persistence: 'write-behind' });
  await Promise.all(Array.from({ length: 30_000 }, (_, i) => store.put(`/${i}`, value, { expected: 0, persistence: 'write-behind' })));
  expect(await store.revision()).toBe(60_001);
  await store.close();
  const again = await openHere();
  expect(await again.revision()).toBe(60_001);
  expect((await again.list('/')).entries).toHaveLength(30_001);
  await again.close();
});

it('runs its worker from a bundled script, as the packaged executable does', async () => {
  const entry = fileURLToPath(new URL('./worker.ts', import.meta.url));
  const bundle = await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'cjs', write: false, logLevel: 'silent' });
  const workerSource = bundle.outputFiles[0]?.text;
  const addon = join(dirname(createRequire(import.meta.url).resolve('better-sqlite3/package.json')), 'prebuilds');
  const nativeBinding = join(addon, `linux-${process.arch}.node`);
  const store = await openHere({ workerSource, nativeBinding });
  await store.put('/a', value, { expected: 0 });
  expect((await store.get('/a'))?.value).toHaveLength(1000);
  await store.close();
});

it('says in one sentence that the worker did not start', async () => {
  await expect(openHere({ workerSource: 'throw new Error("no such luck")' })).rejects.toMatchObject(unavailable('no such luck'));
});
