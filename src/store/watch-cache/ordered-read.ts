import { compareKeys, prefixEnd } from '../key-order.ts';
import type { ListOptions } from './collection.ts';
import type { Item } from './item.ts';
import type { SortedKeys } from './sorted-keys.ts';
import type { ValueIndex } from './value-index.ts';

/** What a collection holds now. */
export interface CurrentState<T extends object> {
  readonly items: ReadonlyMap<string, Item<T>>;
  readonly keys: SortedKeys;
  readonly indexes: ReadonlyMap<string, ValueIndex<T>>;
}

/** Key -> item at the revision that is read; undefined: did not exist then. Keys that are not in here are as they are now. */
export type Overlay<T extends object> = ReadonlyMap<string, Item<T> | undefined>;

export interface Read<T extends object> {
  readonly items: Item<T>[];
  readonly nextAfter?: string;
  readonly remaining?: number;
}

/** One page, in key order, of the current state with the overlay laid over it. */
export function readPage<T extends object>(state: CurrentState<T>, overlay: Overlay<T>, prefix: string, options: ListOptions<T>): Read<T> {
  const { limit, matches } = options;
  const items: Item<T>[] = [];
  for (const item of candidates(state, overlay, prefix, options)) {
    if (limit === undefined || items.length < limit) {
      if (!matches || matches(item.object, item)) items.push(item);
      continue;
    }
    const nextAfter = items.at(-1)?.key;
    if (nextAfter === undefined || matches || options.index) return { items, nextAfter };
    return { items, nextAfter, remaining: countAfter(state, overlay, prefix, nextAfter) };
  }
  return { items };
}

function* candidates<T extends object>(
  state: CurrentState<T>,
  overlay: Overlay<T>,
  prefix: string,
  { index, after }: ListOptions<T>,
): Generator<Item<T>> {
  const isInRange = (key: string) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0);
  if (!index && overlay.size === 0) {
    for (const key of state.keys.range(firstKey(prefix, after), prefixEnd(prefix))) yield state.items.get(key) as Item<T>;
    return;
  }
  const now = index ? sorted(indexed(state, index), isInRange) : state.keys.range(firstKey(prefix, after), prefixEnd(prefix));
  const then = sorted(overlay.keys(), (key) => isInRange(key) && overlay.get(key) !== undefined && belongs(state, overlay.get(key), index));
  let next = 0;
  for (const key of now) {
    for (; next < then.length && compareKeys(then[next] as string, key) <= 0; next += 1) yield overlay.get(then[next] as string) as Item<T>;
    if (!overlay.has(key)) yield state.items.get(key) as Item<T>;
  }
  for (; next < then.length; next += 1) yield overlay.get(then[next] as string) as Item<T>;
}

type Index<T> = ListOptions<T>['index'];

function indexOf<T extends object>(state: CurrentState<T>, name: string): ValueIndex<T> {
  const found = state.indexes.get(name);
  if (!found) throw new Error(`the collection has no index ${name}`);
  return found;
}

const indexed = <T extends object>(state: CurrentState<T>, index: NonNullable<Index<T>>): Iterable<string> =>
  indexOf(state, index.name).keys(index.value, state.items.values());

const belongs = <T extends object>(state: CurrentState<T>, item: Item<T> | undefined, index: Index<T>): boolean =>
  item !== undefined && (index === undefined || indexOf(state, index.name).has(item, index.value));

const sorted = (keys: Iterable<string>, wanted: (key: string) => boolean): string[] => [...keys].filter(wanted).sort(compareKeys);

/** The least key that a page may begin with. NUL is the least character, so `after` with NUL is what follows `after`. */
function firstKey(prefix: string, after: string | undefined): string {
  return after !== undefined && compareKeys(after, prefix) >= 0 ? `${after}\0` : prefix;
}

function countAfter<T extends object>(state: CurrentState<T>, overlay: Overlay<T>, prefix: string, last: string): number {
  const from = `${last}\0`;
  let count = state.keys.rank(prefixEnd(prefix)) - state.keys.rank(from);
  for (const [key, item] of overlay) {
    if (!key.startsWith(prefix) || compareKeys(key, last) <= 0) continue;
    count += (item ? 1 : 0) - (state.items.has(key) ? 1 : 0);
  }
  return count;
}
