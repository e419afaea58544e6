import { goFloat } from '../../meta/go-number.ts';
import { CelError, runtimeError } from '../errors.ts';
import { func, method, type Overload, type OverloadCosts, traverses } from '../overloads.ts';
import { formatDuration, formatZoned, parseDuration, parseTimestamp } from '../time.ts';
import {
  type CelValue,
  Double,
  type Duration,
  MAX_INT,
  MAX_UINT,
  MIN_INT,
  mapSize,
  Optional,
  Timestamp,
  TypeValue,
  typeOf,
  Uint,
} from '../values.ts';

const scan: OverloadCosts = traverses(0);
/** cel-go charges reading a number or a time out of a text, and the length of a text, no more than any call. Very long text costs more here. */
const reads: OverloadCosts = { burden: ({ size }) => Math.ceil(size(0) * 0.01) };
const codePoints = (text: string): bigint => BigInt(isAscii(text) ? text.length : [...text].length);
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII is meant
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** Characters and entries are counted, not known. */
const COUNTING: Readonly<Record<string, OverloadCosts>> = { string: reads, 'map<A, B>': { burden: ({ size }) => 1 + size(0) } };
const sizes: readonly Overload[] = (
  [
    ['string', codePoints],
    ['bytes', (bytes: Uint8Array) => BigInt(bytes.length)],
    ['list<A>', (list: readonly CelValue[]) => BigInt(list.length)],
    ['map<A, B>', (map: object) => BigInt(mapSize(map))],
  ] as const
).flatMap(([type, size]) => [
  func(`size(${type}): int`, size as (value: CelValue) => bigint, COUNTING[type] ?? {}),
  method(`${type}.size(): int`, size as (value: CelValue) => bigint, COUNTING[type] ?? {}),
]);

const unconvertible = (from: string, to: string): CelError => runtimeError(`type conversion error from '${from}' to '${to}'`);

/** What cannot be read is told without a word about why. */
const readAs =
  <T>(type: string, read: (text: string) => T) =>
  (text: string): T => {
    try {
      return read(text);
    } catch (error) {
      throw error instanceof CelError ? unconvertible('string', type) : error;
    }
  };

function toInt(value: number): bigint {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) throw runtimeError('integer overflow');
  return BigInt(Math.trunc(value));
}
function intOfText(text: string): bigint {
  const value = /^[+-]?\d+$/.test(text) && text.length < 40 ? BigInt(text) : undefined;
  if (value === undefined || value < MIN_INT || value > MAX_INT) throw unconvertible('string', 'int');
  return value;
}
function uintOf(value: bigint): Uint {
  if (value < 0n || value > MAX_UINT) throw runtimeError('unsigned integer overflow');
  return new Uint(value);
}
function uintOfText(text: string): Uint {
  const value = /^\d+$/.test(text) && text.length < 40 ? BigInt(text) : undefined;
  if (value === undefined || value > MAX_UINT) throw unconvertible('string', 'uint');
  return new Uint(value);
}
const DIGITS = '\\d(?:_?\\d)*';
const DECIMAL = new RegExp(`^[+-]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`, 'i');
const HEX_FLOAT = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)$/i;
/** As Go's strconv.ParseFloat reads numbers. */
function doubleOfText(text: string): Double {
  if (/^nan$/i.test(text)) return new Double(Number.NaN);
  if (/^[+-]?inf(inity)?$/i.test(text)) return new Double(text.startsWith('-') ? -Infinity : Infinity);
  const value = DECIMAL.test(text) ? Number(text.replaceAll('_', '')) : hexFloat(text);
  if (!Number.isFinite(value)) throw unconvertible('string', 'double');
  return new Double(value);
}
function hexFloat(text: string): number {
  const [, sign, whole = '', fraction = '', exponent] = HEX_FLOAT.exec(text) ?? [];
  if (whole + fraction === '') return Number.NaN;
  const value = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);
function boolOfText(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw unconvertible('string', 'bool');
}

export function showDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return goFloat(value);
}

const same = (value: CelValue): CelValue => value;
const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const SECOND = 1_000_000_000n;

export const conversions: readonly Overload[] = [
  ...sizes,
  func('dyn(A): dyn', same),
  func('type(A): type<A>', (value: CelValue) => new TypeValue(typeOf(value))),
  func('int(int): int', same),
  func('int(uint): int', ({ value }: Uint) => {
    if (value > MAX_INT) throw runtimeError('integer overflow');
    return value;
  }),
  func('int(double): int', ({ value }: Double) => toInt(value)),
  func('int(string): int', intOfText, reads),
  func(`int(${TIMESTAMP}): int`, ({ nanos }: Timestamp) => (nanos - (((nanos % SECOND) + SECOND) % SECOND)) / SECOND),
  func(`int(${DURATION}): int`, ({ nanos }: Duration) => nanos),
  func('uint(uint): uint', same),
  func('uint(int): uint', uintOf),
  func('uint(double): uint', ({ value }: Double) => {
    if (!(value >= 0 && value < 2 ** 64)) throw runtimeError('unsigned integer overflow');
    return uintOf(BigInt(Math.trunc(value)));
  }),
  func('uint(string): uint', uintOfText, reads),
  func('double(double): double', same),
  func('double(int): double', (value: bigint) => new Double(Number(value))),
  func('double(uint): double', ({ value }: Uint) => new Double(Number(value))),
  func('double(string): double', doubleOfText, reads),
  func('bool(bool): bool', same),
  func('bool(string): bool', boolOfText, reads),
  func('string(string): string', same, reads),
  func('string(int): string', String, reads),
  func('string(uint): string', ({ value }: Uint) => String(value), reads),
  func('string(double): string', ({ value }: Double) => showDouble(value), reads),
  func('string(bool): string', String, reads),
  func('string(bytes): string', (bytes: Uint8Array) => textOfBytes(bytes), scan),
  func(`string(${TIMESTAMP}): string`, formatZoned, reads),
  func(`string(${DURATION}): string`, formatDuration, reads),
  func('bytes(bytes): bytes', same),
  func('bytes(string): bytes', (text: string) => new TextEncoder().encode(text), scan),
  func(`timestamp(string): ${TIMESTAMP}`, readAs(TIMESTAMP, parseTimestamp), reads),
  func(`timestamp(${TIMESTAMP}): ${TIMESTAMP}`, same),
  func(`timestamp(int): ${TIMESTAMP}`, (seconds: bigint) => new Timestamp(seconds * SECOND)),
  func(`duration(string): ${DURATION}`, readAs(DURATION, parseDuration), reads),
  // Declared, yet no number of anything is a duration.
  func(`duration(int): ${DURATION}`, () => {
    throw unconvertible('int', DURATION);
  }),
  func(`duration(${DURATION}): ${DURATION}`, same),
];

function textOfBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw runtimeError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

export const optionals: readonly Overload[] = [
  func('optional.none(): optional<A>', () => new Optional()),
  func('optional.of(A): optional<A>', (value: CelValue) => new Optional(value)),
  func('optional.ofNonZeroValue(A): optional<A>', (value: CelValue) => (isZero(value) ? new Optional() : new Optional(value))),
  func('optional.unwrap(list<optional<A>>): list<A>', unwrap),
  method('list<optional<A>>.unwrapOpt(): list<A>', unwrap),
  method('optional<A>.hasValue(): bool', ({ value }: Optional) => value !== undefined),
  method('optional<A>.value(): A', ({ value }: Optional) => {
    if (value === undefined) throw runtimeError('optional.none() dereference');
    return value;
  }),
  method('optional<A>.or(optional<A>): optional<A>', (a: Optional, b: Optional) => (a.value === undefined ? b : a)),
  method('optional<A>.orValue(A): A', (a: Optional, b: CelValue) => (a.value === undefined ? b : a.value)),
];
function unwrap(list: readonly CelValue[]): readonly CelValue[] {
  return list.flatMap((item) => (item instanceof Optional && item.value !== undefined ? [item.value] : []));
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === '' || value === 0n) return true;
  if (value instanceof Double) return value.value === 0;
  if (value instanceof Uint) return value.value === 0n;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  const type = typeOf(value);
  return type.is === 'map' && mapSize(value as object) === 0;
}
