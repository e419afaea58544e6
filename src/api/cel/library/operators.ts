import { noSuchOverload, runtimeError } from '../errors.ts';
import { concatenates, func, type Overload, type OverloadCosts } from '../overloads.ts';
import { type CelValue, compare, Double, Duration, equals, isMap, MAX_INT, MAX_UINT, MIN_INT, mapGet, Timestamp, Uint } from '../values.ts';

function int(value: bigint): bigint {
  if (value < MIN_INT || value > MAX_INT) throw runtimeError('integer overflow');
  return value;
}
function uint(value: bigint): Uint {
  if (value < 0n || value > MAX_UINT) throw runtimeError('unsigned integer overflow');
  return new Uint(value);
}
function nonZero(value: bigint, name: string): bigint {
  if (value === 0n) throw runtimeError(`${name} by zero`);
  return value;
}
const double = (value: number): Double => new Double(value);

const arithmetic: readonly Overload[] = [
  func('_+_(int, int): int', (a: bigint, b: bigint) => int(a + b)),
  func('_-_(int, int): int', (a: bigint, b: bigint) => int(a - b)),
  func('_*_(int, int): int', (a: bigint, b: bigint) => int(a * b)),
  func('_/_(int, int): int', (a: bigint, b: bigint) => int(a / nonZero(b, 'division'))),
  func('_%_(int, int): int', (a: bigint, b: bigint) => a % nonZero(b, 'modulus')),
  func('-_(int): int', (a: bigint) => int(-a)),
  func('_+_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value + b.value)),
  func('_-_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value - b.value)),
  func('_*_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value * b.value)),
  func('_/_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value / nonZero(b.value, 'division'))),
  func('_%_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value % nonZero(b.value, 'modulus'))),
  func('_+_(double, double): double', (a: Double, b: Double) => double(a.value + b.value)),
  func('_-_(double, double): double', (a: Double, b: Double) => double(a.value - b.value)),
  func('_*_(double, double): double', (a: Double, b: Double) => double(a.value * b.value)),
  func('_/_(double, double): double', (a: Double, b: Double) => double(a.value / b.value)),
  func('-_(double): double', (a: Double) => double(-a.value)),
  func('!_(bool): bool', (a: boolean) => !a),
];

const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const joining: readonly Overload[] = [
  func('_+_(string, string): string', (a: string, b: string) => a + b, concatenates),
  func('_+_(bytes, bytes): bytes', joinBytes, concatenates),
  func('_+_(list<A>, list<A>): list<A>', (a: readonly CelValue[], b: readonly CelValue[]) => [...a, ...b], concatenates),
  func(`_+_(${TIMESTAMP}, ${DURATION}): ${TIMESTAMP}`, (a: Timestamp, b: Duration) => new Timestamp(a.nanos + b.nanos, a.offsetMinutes)),
  func(`_+_(${DURATION}, ${TIMESTAMP}): ${TIMESTAMP}`, (a: Duration, b: Timestamp) => new Timestamp(a.nanos + b.nanos, b.offsetMinutes)),
  func(`_+_(${DURATION}, ${DURATION}): ${DURATION}`, (a: Duration, b: Duration) => new Duration(a.nanos + b.nanos)),
  func(`_-_(${TIMESTAMP}, ${TIMESTAMP}): ${DURATION}`, (a: Timestamp, b: Timestamp) => new Duration(a.nanos - b.nanos)),
  func(`_-_(${TIMESTAMP}, ${DURATION}): ${TIMESTAMP}`, (a: Timestamp, b: Duration) => new Timestamp(a.nanos - b.nanos, a.offsetMinutes)),
  func(`_-_(${DURATION}, ${DURATION}): ${DURATION}`, (a: Duration, b: Duration) => new Duration(a.nanos - b.nanos)),
  func(`-_(${DURATION}): ${DURATION}`, (a: Duration) => new Duration(-a.nanos)),
];

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

const equality: readonly Overload[] = [
  func('_==_(A, A): bool', equals, sameDepth()),
  func('_!=_(A, A): bool', (a: CelValue, b: CelValue) => !equals(a, b), sameDepth()),
];
/** Two values are compared as far as the smaller one goes. */
function sameSize(): OverloadCosts {
  return { cost: ({ size }) => 1 + Math.ceil(Math.min(size(0), size(1)) * 0.1) };
}
/** And with all that is in them. Measured is what has parts. */
function sameDepth(): OverloadCosts {
  return { ...sameSize(), burden: ({ deep }) => Math.ceil(Math.min(deep(0), deep(1))) };
}

const NUMBERS = ['int', 'uint', 'double'];
const ORDERED_PAIRS = [
  ...NUMBERS.flatMap((a) => NUMBERS.map((b) => `${a}, ${b}`)),
  ...['bool', 'string', 'bytes', TIMESTAMP, DURATION].map((type) => `${type}, ${type}`),
];
const ORDERS: Readonly<Record<string, (order: number) => boolean>> = {
  '_<_': (order) => order < 0,
  '_<=_': (order) => order <= 0,
  '_>_': (order) => order > 0,
  '_>=_': (order) => order >= 0,
};
const ordering: readonly Overload[] = Object.entries(ORDERS).flatMap(([name, holds]) =>
  ORDERED_PAIRS.map((pair) => func(`${name}(${pair}): bool`, (a: CelValue, b: CelValue) => holds(compare(a, b)), sameSize())),
);

const membership: readonly Overload[] = [
  func('@in(A, list<A>): bool', (item: CelValue, list: readonly CelValue[]) => list.some((other) => equals(item, other)), {
    cost: ({ size }) => 1 + size(1) * Math.max(1, Math.ceil(size(0) * 0.1)),
    burden: ({ size, deep }) => Math.ceil(Math.min(size(1) * deep(0), deep(1))),
  }),
  func('@in(A, map<A, B>): bool', (key: CelValue, map: object) => {
    if (!isMap(map)) throw noSuchOverload();
    return mapGet(map, key) !== undefined;
  }),
];

export const operators: readonly Overload[] = [...arithmetic, ...joining, ...equality, ...ordering, ...membership];
