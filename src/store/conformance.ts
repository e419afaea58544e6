import { afterEach, describe, expect, it } from 'vitest';
import type { Store, StoreEvent } from './store.ts';

/** A place for one store's data. `open` may be called again after the store was closed; `durable` backends then find their data. */
export interface StorePlace {
  readonly durable: boolean;
  open(): Promise<Store>;
  remove(): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined => (value === undefined ? undefined : Buffer.from(value).toString());
const conflict = { name: 'StoreError', reason: 'Conflict' };
const key = (name: string) => `/registry/core/configmaps/default/${name}`;
const PREFIX = '/registry/core/configmaps/default/';

/** The suite that every backend passes: call it in a test file of the backend. */
export function storeConformance(name: string, newPlace: () => Promise<StorePlace>): void {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const place = async () => {
    const made = await newPlace();
    cleanups.push(() => made.remove());
    return made;
  };
  const open = async (where?: StorePlace) => {
    const store = await (where ?? (await place())).open();
    cleanups.push(() => store.close());
    return store;
  };

  describe(`${name}: compare and swap`, () => compareAndSwap(open));
  describe(`${name}: queued writes`, () => queuedWrites(open));
  describe(`${name}: lists`, () => lists(open));
  describe(`${name}: subscriptions`, () => subscriptions(open));
  describe(`${name}: closing and opening again`, () => reopening(place, open));
}

type Open = (where?: StorePlace) => Promise<Store>;

function compareAndSwap(open: Open): void {
  it('an empty store is at revision 1', async () => {
    const store = await open();
    expect(await store.revision()).toBe(1);
    expect(await store.list(PREFIX)).toEqual({ entries: [], revision: 1 });
  });

  it('creates a key that does not exist and gives it a new revision', async () => {
    const store = await open();
    const revision = await store.put(key('a'), bytes('one'), { expected: 0 });
    expect(revision).toBeGreaterThan(1);
    const entry = await store.get(key('a'));
    expect(entry).toMatchObject({ key: key('a'), revision });
    expect(text(entry?.value)).toBe('one');
    expect(await store.revision()).toBe(revision);
  });

  it('refuses to create a key that exists', async () => {
    const store = await open();
    await store.put(key('a'), bytes('one'), { expected: 0 });
    await expect(store.put(key('a'), bytes('two'), { expected: 0 })).rejects.toMatchObject(conflict);
    expect(text((await store.get(key('a')))?.value)).toBe('one');
  });

  it('updates only at the expected revision', async () => {
    const store = await open();
    const first = await store.put(key('a'), bytes('one'), { expected: 0 });
    const second = await store.put(key('a'), bytes('two'), { expected: first });
    expect(second).toBeGreaterThan(first);
    await expect(store.put(key('a'), bytes('three'), { expected: first })).rejects.toMatchObject(conflict);
    await expect(store.put(key('b'), bytes('three'), { expected: first })).rejects.toMatchObject(conflict);
    expect(text((await store.get(key('a')))?.value)).toBe('two');
  });

  it('deletes only at the expected revision, and only what exists', async () => {
    const store = await open();
    const first = await store.put(key('a'), bytes('one'), { expected: 0 });
    await expect(store.delete(key('a'), { expected: first + 1 })).rejects.toMatchObject(conflict);
    const deleted = await store.delete(key('a'), { expected: first });
    expect(deleted).toBeGreaterThan(first);
    expect(await store.get(key('a'))).toBeUndefined();
    await expect(store.delete(key('a'), { expected: deleted })).rejects.toMatchObject({ name: 'StoreError', reason: 'NotFound' });
    expect(await store.put(key('a'), bytes('again'), { expected: 0 })).toBeGreaterThan(deleted);
  });

  it('keeps any bytes as they are, also none', async () => {
    const store = await open();
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    await store.put(key('all'), all, { expected: 0 });
    await store.put(key('none'), new Uint8Array(0), { expected: 0 });
    expect(Buffer.from((await store.get(key('all')))?.value ?? []).equals(all)).toBe(true);
    expect((await store.get(key('none')))?.value).toHaveLength(0);
  });

  it.each(['durable', 'write-behind'] as const)('treats %s writes alike for every reader', async (persistence) => {
    const store = await open();
    const created = await store.put(key('a'), bytes('one'), { expected: 0, persistence });
    expect(text((await store.get(key('a')))?.value)).toBe('one');
    const updated = await store.put(key('a'), bytes('two'), { expected: created, persistence });
    expect((await store.list(PREFIX)).entries.map((e) => [e.key, text(e.value), e.revision])).toEqual([[key('a'), 'two', updated]]);
    await store.delete(key('a'), { expected: updated, persistence });
    expect(await store.get(key('a'))).toBeUndefined();
    expect((await store.list(PREFIX)).entries).toEqual([]);
  });
}

function queuedWrites(open: Open): void {
  it('lets exactly one of many simultaneous creates win', async () => {
    const store = await open();
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => store.put(key('a'), bytes(`${i}`), { expected: 0 })));
    expect(results.map((r) => r.status)).toEqual(['fulfilled', ...Array(19).fill('rejected')]);
    expect(text((await store.get(key('a')))?.value)).toBe('0');
  });

  it('accepts a create behind a queued delete', async () => {
    const store = await open();
    const first = await store.put(key('a'), bytes('one'), { expected: 0 });
    const [deleted, created] = await Promise.all([
      store.delete(key('a'), { expected: first }),
      store.put(key('a'), bytes('two'), { expected: 0 }),
    ]);
    expect(created).toBeGreaterThan(deleted);
    expect(text((await store.get(key('a')))?.value)).toBe('two');
  });

  it('loses no increment of many concurrent writers that retry on conflict', async () => {
    const store = await open();
    const increment = async () => {
      for (;;) {
        const entry = await store.get(key('counter'));
        const next = Number(text(entry?.value) ?? 0) + 1;
        const done = await store.put(key('counter'), bytes(String(next)), { expected: entry?.revision ?? 0 }).catch((error) => {
          expect(error).toMatchObject(conflict);
          return undefined;
        });
        if (done !== undefined) return;
      }
    };
    await Promise.all(Array.from({ length: 16 }, () => increment()));
    expect(text((await store.get(key('counter')))?.value)).toBe('16');
  });

  it('keeps order when durable and write-behind writes of one key follow each other', async () => {
    const store = await open();
    let revision = 0;
    for (let i = 0; i < 20; i += 1) {
      const persistence = i % 3 === 0 ? 'durable' : 'write-behind';
      revision = await store.put(key('a'), bytes(String(i)), { expected: revision, persistence });
      if (i % 5 === 0) await store.list(PREFIX);
    }
    expect((await store.list(PREFIX)).entries.map((e) => [text(e.value), e.revision])).toEqual([['19', revision]]);
  });
}

function lists(open: Open): void {
  it('lists in the order of UTF-8 bytes', async () => {
    const store = await open();
    const names = ['b', 'a', 'a-b', 'ab', 'z', '\u{1f600}', '\uffee', 'é', 'a/b'];
    await Promise.all(names.map((n) => store.put(key(n), bytes(n), { expected: 0 })));
    const listed = (await store.list(PREFIX)).entries.map((e) => e.key);
    expect(listed).toEqual(names.map(key).sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))));
  });

  it('lists only what is under the prefix', async () => {
    const store = await open();
    await store.put('/registry/a/x', bytes('1'), { expected: 0 });
    await store.put('/registry/a0', bytes('2'), { expected: 0 });
    await store.put('/registry/b/x', bytes('3'), { expected: 0 });
    expect((await store.list('/registry/a/')).entries.map((e) => e.key)).toEqual(['/registry/a/x']);
    expect((await store.list('/')).entries).toHaveLength(3);
  });

  it('pages with limit and after, and stops short only at the end', async () => {
    const store = await open();
    const names = Array.from({ length: 25 }, (_, i) => key(String(i).padStart(2, '0')));
    await Promise.all(names.map((n) => store.put(n, bytes(n), { expected: 0 })));
    const pages: string[][] = [];
    for (let after: string | undefined; ; ) {
      const page = (await store.list(PREFIX, { limit: 10, after })).entries.map((e) => e.key);
      pages.push(page);
      if (page.length < 10) break;
      after = page.at(-1);
    }
    expect(pages.map((p) => p.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(names);
  });

  it('says a revision that covers every listed entry', async () => {
    const store = await open();
    const writes = Array.from({ length: 50 }, (_, i) => store.put(key(String(i)), bytes('x'), { expected: 0 }));
    const { entries, revision } = await store.list(PREFIX);
    const revisions = await Promise.all(writes);
    expect(entries.map((e) => e.revision).sort((a, b) => a - b)).toEqual(revisions.filter((r) => r <= revision));
  });
}

function subscriptions(open: Open): void {
  it('hands every event over before the write resolves', async () => {
    const store = await open();
    const seen: StoreEvent[] = [];
    store.subscribe({ event: (event) => seen.push(event) });
    const created = await store.put(key('a'), bytes('one'), { expected: 0 });
    expect(seen.at(-1)).toMatchObject({ type: 'put', key: key('a'), value: bytes('one'), revision: created, created: true });
    const updated = await store.put(key('a'), bytes('two'), { expected: created, persistence: 'write-behind' });
    expect(seen.at(-1)).toMatchObject({ type: 'put', key: key('a'), value: bytes('two'), revision: updated, created: false });
    const deleted = await store.delete(key('a'), { expected: updated });
    expect(seen.at(-1)).toEqual({ type: 'delete', key: key('a'), revision: deleted });
    expect(seen).toHaveLength(3);
  });

  it('keeps the order of revisions over durable and write-behind writes of many writers', async () => {
    const store = await open();
    const seen: number[] = [];
    store.subscribe({ event: (event) => seen.push(event.revision) });
    const writer = async (w: number) => {
      let revision = 0;
      const own: number[] = [];
      for (let i = 0; i < 10; i += 1) {
        const persistence = (w + i) % 3 === 0 ? 'write-behind' : 'durable';
        revision = await store.put(key(`w${w}`), bytes(`${i}`), { expected: revision, persistence });
        expect(seen.at(-1)).toBeGreaterThanOrEqual(revision);
        own.push(revision);
      }
      return own;
    };
    const written = (await Promise.all(Array.from({ length: 20 }, (_, w) => writer(w)))).flat();
    expect(seen).toEqual(written.sort((a, b) => a - b));
    expect(new Set(seen).size).toBe(200);
  });

  it('keeps order for every listener when one of them writes again', async () => {
    const store = await open();
    const seen: number[] = [];
    const nested: Promise<number>[] = [];
    store.subscribe({
      event: (event) => {
        if (event.key === key('a')) nested.push(store.put(key('b'), bytes('b'), { expected: 0 }));
      },
    });
    store.subscribe({ event: (event) => seen.push(event.revision) });
    const outer = await store.put(key('a'), bytes('a'), { expected: 0 });
    expect(seen).toEqual([outer, ...(await Promise.all(nested))]);
  });

  it('is silent after it was disposed, and about refused writes', async () => {
    const store = await open();
    const seen: StoreEvent[] = [];
    const subscription = store.subscribe({ event: (event) => seen.push(event) });
    await expect(store.put(key('a'), bytes('x'), { expected: 7 })).rejects.toMatchObject(conflict);
    subscription[Symbol.dispose]();
    await store.put(key('a'), bytes('x'), { expected: 0 });
    expect(seen).toEqual([]);
  });
}

function reopening(place: () => Promise<StorePlace>, open: Open): void {
  it('refuses calls after it was closed', async () => {
    const store = await open();
    await store.close();
    const closed = { name: 'StoreError', reason: 'Closed' };
    await expect(store.get(key('a'))).rejects.toMatchObject(closed);
    await expect(store.list(PREFIX)).rejects.toMatchObject(closed);
    await expect(store.put(key('a'), bytes('x'), { expected: 0 })).rejects.toMatchObject(closed);
    await expect(store.delete(key('a'), { expected: 1 })).rejects.toMatchObject(closed);
    await store.close();
  });

  it('finishes every write that was accepted before it was closed', async () => {
    const where = await place();
    const store = await open(where);
    const writes = Array.from({ length: 30 }, (_, i) =>
      store.put(key(`${i}`), bytes(`${i}`), { expected: 0, persistence: i % 2 ? 'durable' : 'write-behind' }),
    );
    await store.close();
    const revisions = await Promise.all(writes);
    if (!where.durable) return;
    const again = await open(where);
    expect((await again.list(PREFIX)).entries.map((e) => e.revision).sort((a, b) => a - b)).toEqual(revisions);
  });

  it('never runs revisions backwards over reopening, also when the newest writes were deletes', async () => {
    const where = await place();
    if (!where.durable) return;
    let newest = 1;
    for (let round = 0; round < 4; round += 1) {
      const store = await open(where);
      expect(await store.revision()).toBeGreaterThanOrEqual(newest);
      const persistence = round % 2 ? 'durable' : 'write-behind';
      const created = await store.put(key('a'), bytes('x'), { expected: 0, persistence });
      expect(created).toBeGreaterThan(newest);
      newest = await store.delete(key('a'), { expected: created, persistence });
      await store.close();
    }
    const store = await open(where);
    expect(await store.revision()).toBeGreaterThanOrEqual(newest);
    expect((await store.list('/')).entries).toEqual([]);
  });
}
