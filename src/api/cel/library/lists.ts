import { noSuchOverload, runtimeError } from '../errors.ts';
import { crosses, func, method, type Overload, type OverloadCosts } from '../overloads.ts';
import { adopt, type CelValue, compare, Double, Duration, equals, MAX_INT, MAX_UINT, MIN_INT, NONE, Optional, Uint } from '../values.ts';

type List = readonly CelValue[];

const passes: OverloadCosts = { cost: ({ size }) => 1 + size(0) };
const looksFor: OverloadCosts = { ...passes, burden: ({ size, deep }) => Math.ceil(Math.min(size(0) * deep(1), deep(0))) };
const flattens: OverloadCosts = { ...passes, burden: ({ deep }) => Math.ceil(deep(0)) };
const dedupes: OverloadCosts = {
  ...passes,
  cost: ({ size }) => 1 + size(0) ** 2,
  burden: ({ size, deep }) => Math.ceil(size(0) * deep(0)),
};
const sorts: OverloadCosts = {
  ...passes,
  cost: ({ size }) => 1 + Math.ceil(size(0) * Math.max(1, Math.log2(size(0) + 1))),
  burden: ({ size, deep }) => Math.ceil(deep(0) * Math.max(1, Math.log2(size(0) + 1))),
};
const ORDERED = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'google.protobuf.Timestamp', 'google.protobuf.Duration'];

const isSorted = (list: List): boolean => list.every((item, i) => i === 0 || compare(adopt(list[i - 1]), adopt(item)) <= 0);

function extreme(list: List, name: string, better: (order: number) => boolean): CelValue {
  if (list.length === 0) throw runtimeError(`${name} called on empty list`);
  return list.map(adopt).reduce((best, item) => (better(compare(item, best)) ? item : best));
}

function sumOf(list: List): CelValue {
  const items = list.map(adopt);
  const [first] = items;
  if (first instanceof Double) return new Double(items.reduce<number>((sum, item) => sum + numberOf(item), 0));
  const total = items.reduce<bigint>((sum, item) => sum + amountOf(item), 0n);
  if (first instanceof Duration) return new Duration(total);
  if (first instanceof Uint) {
    if (total > MAX_UINT) throw runtimeError('unsigned integer overflow');
    return new Uint(total);
  }
  if (total > MAX_INT || total < MIN_INT) throw runtimeError('integer overflow');
  return total;
}
function numberOf(item: CelValue): number {
  if (item instanceof Double) return item.value;
  throw noSuchOverload();
}
function amountOf(item: CelValue): bigint {
  if (typeof item === 'bigint') return item;
  if (item instanceof Uint) return item.value;
  if (item instanceof Duration) return item.nanos;
  throw noSuchOverload();
}

function slice(list: List, from: bigint, to: bigint): List {
  if (from < 0n || to < 0n) throw runtimeError(`cannot slice(${from}, ${to}), negative indexes not supported`);
  if (from > to) throw runtimeError(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`);
  if (to > BigInt(list.length)) throw runtimeError(`cannot slice(${from}, ${to}), list is length ${list.length}`);
  return list.slice(Number(from), Number(to));
}

function flatten(list: List, depth = 1n): List {
  if (depth < 0n) throw runtimeError('level must be non-negative');
  return list.flat(Number(depth > 1000n ? 1000n : depth));
}

const sort = (list: List): List => list.map(adopt).toSorted(compare);
const distinct = (list: List): List => list.filter((item, i) => !list.slice(0, i).some((other) => equals(other, item)));

/** `lists.range(1000000000)` would be all it takes to fill the memory. */
const MAX_RANGE = 1_000_000n;
function range(size: bigint): List {
  if (size > MAX_RANGE) throw runtimeError(`lists.range(${size}) is too large`);
  return Array.from({ length: Math.max(0, Number(size)) }, (_, i) => BigInt(i));
}

const at = (list: List, index: number): Optional => (list.length === 0 ? NONE : new Optional(adopt(list.at(index))));

export const lists: readonly Overload[] = [
  ...ORDERED.flatMap((type) => [
    method(`list<${type}>.isSorted(): bool`, isSorted, passes),
    method(`list<${type}>.min(): ${type}`, (list: List) => extreme(list, 'min', (order) => order < 0), passes),
    method(`list<${type}>.max(): ${type}`, (list: List) => extreme(list, 'max', (order) => order > 0), passes),
  ]),
  ...['int', 'uint', 'double', 'google.protobuf.Duration'].map((type) => method(`list<${type}>.sum(): ${type}`, sumOf, passes)),
  method('list<A>.indexOf(A): int', (list: List, item: CelValue) => BigInt(list.findIndex((other) => equals(other, item))), looksFor),
  method(
    'list<A>.lastIndexOf(A): int',
    (list: List, item: CelValue) => BigInt(list.findLastIndex((other) => equals(other, item))),
    looksFor,
  ),
  method('list<A>.slice(int, int): list<A>', slice, passes),
  method('list<list<A>>.flatten(): list<A>', (list: List) => flatten(list), flattens),
  method('list<dyn>.flatten(int): list<dyn>', flatten, flattens),
  ...ORDERED.map((type) => method(`list<${type}>.sort(): list<${type}>`, sort, sorts)),
  method('list<A>.distinct(): list<A>', distinct, dedupes),
  method('list<A>.reverse(): list<A>', (list: List) => list.toReversed(), passes),
  method('list<A>.first(): optional<A>', (list: List) => at(list, 0)),
  method('list<A>.last(): optional<A>', (list: List) => at(list, -1)),
  func('lists.range(int): list<int>', range, {
    burden: ({ args }) => Math.max(0, Number(args?.[0] ?? 0)),
  }),
];

/** What `sortBy` is rewritten to: pairs of key and item, sorted by key. */
export const sortByKeys = (pairs: readonly (readonly [CelValue, CelValue])[]): List =>
  pairs.toSorted(([a], [b]) => compare(a, b)).map(([, item]) => item);

const contains = (list: List, item: CelValue): boolean => list.some((other) => equals(other, item));
const includesAll = (list: List, wanted: List): boolean => wanted.every((item) => contains(list, item));

export const sets: readonly Overload[] = [
  func('sets.contains(list<A>, list<A>): bool', includesAll, crosses),
  func('sets.equivalent(list<A>, list<A>): bool', (a: List, b: List) => includesAll(a, b) && includesAll(b, a), crosses),
  func('sets.intersects(list<A>, list<A>): bool', (a: List, b: List) => a.some((item) => contains(b, item)), crosses),
];
