import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { memoryStore } from '../memory/memory-store.ts';
import type { Cached, Collection, CollectionEvent } from './collection.ts';
import { nextEvents } from './next-events.ts';
import { SortedKeys } from './sorted-keys.ts';
import { createWatchCache } from './watch-cache.ts';

interface Thing {
  metadata: { name: string; resourceVersion?: string };
  color: string;
  about: string;
}
/** Long enough for objects to be kept as what differs from others. */
const ABOUT = 'x'.repeat(1000);
const PREFIX = '/registry/core/things/';
const COLORS = ['red', 'green', 'blue'];

const step = fc.record({
  namespace: fc.constantFrom('a', 'b', 'b-c'),
  name: fc.constantFrom('0', '1', '2', '3', '4', 'é', '\u{1f600}', '\uffee'),
  color: fc.option(fc.constantFrom(...COLORS), { nil: undefined }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const keyOf = ({ namespace, name }: Step) => `${PREFIX}${namespace}/${name}`;

async function open() {
  const cache = createWatchCache(memoryStore(), { clock: fakeClock(), log: silentLogger });
  return cache.open<Thing>({ prefix: PREFIX, indexes: { color: (t) => [t.color] } });
}

/** Puts, or deletes when there is no colour. Says whether anything changed. */
async function take(things: Collection<Thing>, s: Step): Promise<boolean> {
  const current = things.get(keyOf(s));
  const expected = current?.revision ?? 0;
  if (s.color !== undefined) await things.put(keyOf(s), { metadata: { name: s.name }, color: s.color, about: ABOUT }, { expected });
  else if (current) await things.delete(keyOf(s), { expected });
  return s.color !== undefined || current !== undefined;
}

type State = ReadonlyMap<string, string>;
const colorOf = ({ bytes }: Cached<Thing>): string => (JSON.parse(bytes.toString()) as Thing).color;
const stateOf = (things: Collection<Thing>): State => new Map(things.list().items.map((i) => [i.key, colorOf(i)]));
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

it('a watcher from any revision sees exactly the events after it, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), fc.constantFrom('', 'a/', 'b/'), async (steps, pick, under) => {
      const things = await open();
      const first = things.revision;
      const early = things.watch({ fromRevision: first, prefix: PREFIX + under });
      const states = new Map<number, State>([[first, new Map()]]);
      for (const s of steps) if (await take(things, s)) states.set(things.revision, stateOf(things));
      const from = first + (pick % (things.revision - first + 1));
      const late = things.watch({ fromRevision: from, prefix: PREFIX + under });
      const seenEarly = things.revision > first ? await drain(early) : [];
      const seenLate = await drain(late);
      expect(seenLate.map((e) => e.revision)).toEqual(seenEarly.filter((e) => e.revision > from).map((e) => e.revision));
      const replayed = new Map([...(states.get(from) as State)].filter(([key]) => key.startsWith(PREFIX + under)));
      for (const event of seenLate) {
        expect(event.previous && colorOf(event.previous)).toBe(replayed.get(event.item.key));
        expect(event.type).toBe(event.previous ? (event.type === 'DELETED' ? 'DELETED' : 'MODIFIED') : 'ADDED');
        if (event.type === 'DELETED') replayed.delete(event.item.key);
        else replayed.set(event.item.key, colorOf(event.item));
      }
      expect(new Map([...replayed].sort())).toEqual(new Map([...stateOf(things)].filter(([key]) => key.startsWith(PREFIX + under)).sort()));
    }),
    { numRuns: 60 },
  );
});

async function drain(watcher: ReturnType<Collection<Thing>['watch']>): Promise<readonly CollectionEvent<Thing>[]> {
  const next = nextEvents(watcher);
  const events = await Promise.race([next, new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))]);
  watcher[Symbol.dispose]();
  await next;
  return events ?? [];
}

it('pages of a snapshot equal the state at its revision, whatever is written between them', async () => {
  const options = fc.record({
    limit: fc.integer({ min: 1, max: 7 }),
    under: fc.constantFrom('', 'a/', 'b/'),
    color: fc.option(fc.constantFrom(...COLORS), { nil: undefined }),
    how: fc.constantFrom('index' as const, 'matches' as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 40 }), options, async (before, between, o) => {
      const things = await open();
      for (const s of before) await take(things, s);
      const atRevision = things.revision;
      const under = [...stateOf(things)].filter(([key]) => key.startsWith(PREFIX + o.under));
      const keysOf = (entries: typeof under) => entries.map(([key]) => key).sort(byBytes);
      const all = keysOf(under);
      const model = keysOf(under.filter(([, color]) => o.color === undefined || color === o.color));
      const filter =
        o.color === undefined
          ? {}
          : o.how === 'index'
            ? { index: { name: 'color', value: o.color } }
            : { matches: (t: Thing) => t.color === o.color };
      const read: string[] = [];
      const writes = [...between];
      for (let after: string | undefined; ; ) {
        const page = things.list({ prefix: PREFIX + o.under, limit: o.limit, atRevision, after, ...filter });
        read.push(...page.items.map((i) => i.key));
        expect(page.revision).toBe(atRevision);
        if (page.remaining !== undefined) expect(page.remaining).toBe(model.length - read.length);
        const left = o.how === 'matches' && o.color !== undefined ? all : model;
        const isMore = page.items.length === o.limit && left.some((key) => byBytes(key, read.at(-1) ?? '') > 0);
        expect(page.nextAfter !== undefined).toBe(isMore);
        if (page.nextAfter === undefined) break;
        after = page.nextAfter;
        for (const s of writes.splice(0, 9)) await take(things, s);
      }
      expect(read).toEqual(model);
    }),
    { numRuns: 150 },
  );
});

it('sorted keys behave as a sorted array', () => {
  const name = fc.oneof(fc.integer({ min: 0, max: 3000 }).map(String), fc.string({ unit: 'binary', maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(fc.record({ name, add: fc.boolean() }), { maxLength: 2500, size: 'max' }), name, name, (steps, from, end) => {
      const keys = new SortedKeys();
      const model = new Set<string>();
      for (const s of steps) {
        if (s.add) expect(keys.add(s.name)).toBe(!model.has(s.name) && Boolean(model.add(s.name)));
        else expect(keys.delete(s.name)).toBe(model.delete(s.name));
      }
      const sorted = [...model].sort(byBytes);
      expect(keys.size).toBe(sorted.length);
      expect([...keys.range(from, end)]).toEqual(sorted.filter((k) => byBytes(k, from) >= 0 && byBytes(k, end) < 0));
      expect(keys.rank(from)).toBe(sorted.filter((k) => byBytes(k, from) < 0).length);
    }),
    { numRuns: 40 },
  );
});
