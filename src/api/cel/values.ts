import { noSuchOverload, runtimeError } from './errors.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  kindOfType,
  listOf,
  mapOf,
  NULL,
  namedType,
  optionalOf,
  STRING,
  showType,
  TIMESTAMP,
  UINT,
} from './types.ts';

/**
 * What expressions compute with. int is bigint; a JavaScript number is one as it stood in JSON and becomes int or Double when it is read
 * (`adopt`): lists and maps of JSON are used as they are, never copied. Maps are plain objects or, with keys that are not strings, Maps.
 */
export type CelValue = unknown;

/** Names the CEL type of a library's own values. */
export const CEL_TYPE: unique symbol = Symbol('cel type');
export interface NamedValue {
  readonly [CEL_TYPE]: string;
}

/** A map whose entries are computed when they are asked for: `variables` of admission policies. */
export class LazyMap {
  readonly #compute: (key: string) => CelValue;

  /** `compute` answers undefined for keys that do not exist, and remembers what it computed itself. */
  constructor(compute: (key: string) => CelValue) {
    this.#compute = compute;
  }

  get(key: string): CelValue {
    return this.#compute(key);
  }
}

export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}
export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}
export class Optional {
  /** undefined: none. */
  readonly value: CelValue;
  constructor(value?: CelValue) {
    this.value = value;
  }
}
export const NONE = new Optional();

export class TypeValue {
  readonly type: CelType;
  constructor(type: CelType) {
    this.type = type;
  }
}
/** Nanoseconds since 1970, within years 1 to 9999. `offsetMinutes`: of the zone that it was written in, and is printed in again. */
export class Timestamp implements NamedValue {
  readonly [CEL_TYPE] = 'google.protobuf.Timestamp';
  readonly nanos: bigint;
  readonly offsetMinutes: number;
  constructor(nanos: bigint, offsetMinutes = 0) {
    if (nanos < MIN_TIMESTAMP || nanos > MAX_TIMESTAMP) throw runtimeError('timestamp overflow');
    this.nanos = nanos;
    this.offsetMinutes = offsetMinutes;
  }
}
export class Duration implements NamedValue {
  readonly [CEL_TYPE] = 'google.protobuf.Duration';
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    if (nanos < MIN_INT || nanos > MAX_INT) throw runtimeError('duration overflow');
    this.nanos = nanos;
  }
}
/** `Object{…}` and `JSONPatch{…}` in expressions: which type, and its fields. */
export class StructValue implements NamedValue {
  readonly [CEL_TYPE]: string;
  readonly fields: ReadonlyMap<string, CelValue>;
  constructor(typeName: string, fields: ReadonlyMap<string, CelValue>) {
    this[CEL_TYPE] = typeName;
    this.fields = fields;
  }

  get typeName(): string {
    return this[CEL_TYPE];
  }
}

export const MIN_INT = -(1n << 63n);
export const MAX_INT = (1n << 63n) - 1n;
export const MAX_UINT = (1n << 64n) - 1n;
const MIN_TIMESTAMP = -62_135_596_800_000_000_000n;
const MAX_TIMESTAMP = 253_402_300_799_999_999_999n;

/** A value out of JSON as expressions see it. */
export function adopt(value: CelValue): CelValue {
  if (typeof value !== 'number') return value;
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? BigInt(value) : new Double(value);
}

export const isNamedValue = (value: CelValue): value is NamedValue => typeof value === 'object' && value !== null && CEL_TYPE in value;

export const isMap = (value: CelValue): value is object =>
  typeof value === 'object' &&
  value !== null &&
  (value instanceof Map || value instanceof LazyMap || isPlainObject(value) || value instanceof StructValue);

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** undefined: no such key. `key` is adopted. */
export function mapGet(map: object, key: CelValue): CelValue {
  if (map instanceof LazyMap) return typeof key === 'string' ? adopt(map.get(key)) : undefined;
  if (map instanceof StructValue) return adopt(map.fields.get(key as string));
  if (map instanceof Map) return adopt(map.get(mapKey(key)));
  if (typeof key !== 'string' || !Object.hasOwn(map, key)) return undefined;
  return adopt((map as Readonly<Record<string, CelValue>>)[key]);
}

/** How keys of a Map are kept: numbers that are equal are the same key. */
export function mapKey(key: CelValue): string | bigint | boolean | number | null {
  if (key instanceof Uint) return key.value;
  if (key instanceof Double) return Number.isInteger(key.value) ? BigInt(key.value) : key.value;
  if (key === null || typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint' || typeof key === 'number') return key;
  throw runtimeError(`unsupported key type: ${showType(typeOf(key))}`);
}

export function mapKeys(map: object): readonly CelValue[] {
  if (map instanceof Map) return [...map.keys()];
  if (map instanceof StructValue) return [...map.fields.keys()];
  if (map instanceof LazyMap) throw noSuchOverload();
  return Object.keys(map);
}

export const mapSize = (map: object): number => (map instanceof Map ? map.size : mapKeys(map).length);

/** A map of entries: a plain object when all keys are strings. */
export function makeMap(entries: readonly (readonly [CelValue, CelValue])[]): object {
  if (entries.every(([key]) => typeof key === 'string')) {
    return Object.assign(Object.create(null), Object.fromEntries(entries as readonly (readonly [string, CelValue])[]));
  }
  return new Map(entries.map(([key, value]) => [mapKey(key), value]));
}

export function typeOf(value: CelValue): CelType {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'bigint':
      return INT;
    case 'boolean':
      return BOOL;
    case 'number':
      return typeOf(adopt(value));
    default:
      return typeOfObject(value);
  }
}

function typeOfObject(value: CelValue): CelType {
  if (value === null || value === undefined) return NULL;
  if (Array.isArray(value)) return listOf(DYN);
  if (value instanceof Double) return DOUBLE;
  if (value instanceof Uint) return UINT;
  if (value instanceof Timestamp) return TIMESTAMP;
  if (value instanceof Duration) return DURATION;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof Optional) return optionalOf(DYN);
  // All types are of one type, which is its own.
  if (value instanceof TypeValue) return { is: 'type', of: DYN };
  if (isNamedValue(value)) return namedType(value[CEL_TYPE]);
  if (isMap(value)) return mapOf(DYN, DYN);
  throw runtimeError('unsupported value');
}

/** The name of a value's type without what is in it: `list`, `int`. */
export const kindOf = (value: CelValue): string => kindOfType(typeOf(value));

export const isNumeric = (value: CelValue): value is bigint | Double | Uint =>
  typeof value === 'bigint' || value instanceof Double || value instanceof Uint;

/** Negative, zero, positive; NaN: not ordered. Numbers of all kinds compare with each other. Both adopted; throws for types that have no order. */
export function compare(a: CelValue, b: CelValue): number {
  if (isNumeric(a) && isNumeric(b)) {
    const order = compareNumbers(a, b);
    if (Number.isNaN(order)) throw runtimeError('NaN values cannot be ordered');
    return order;
  }
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos);
  if (a instanceof Duration && b instanceof Duration) return a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  throw noSuchOverload();
}

function compareNumbers(a: bigint | Double | Uint, b: bigint | Double | Uint): number {
  const left = typeof a === 'bigint' ? a : a.value;
  const right = typeof b === 'bigint' ? b : b.value;
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN;
  return left < right ? -1 : Number(left > right);
}

/** By code points, as UTF-8 orders text. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === end) return a.length - b.length;
  if (i > 0 && isLowSurrogate(a.charCodeAt(i)) && isLowSurrogate(b.charCodeAt(i))) i--;
  return (a.codePointAt(i) ?? 0) - (b.codePointAt(i) ?? 0);
}
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** What library types compare by. Without it, identity. */
export const EQUALS: unique symbol = Symbol('cel equality');
interface Comparable {
  [EQUALS](other: unknown): boolean;
}

/** Values of different types are unequal; numbers compare across their types. */
export function equals(left: CelValue, right: CelValue): boolean {
  if (left === right) return true;
  const a = adopt(left);
  const b = adopt(right);
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equals(item, b[i]));
  if (a instanceof Optional) return b instanceof Optional && equals(a.value, b.value);
  if (a instanceof TypeValue) return b instanceof TypeValue && showType(a.type) === showType(b.type);
  if (a instanceof Timestamp || a instanceof Duration || a instanceof Uint8Array)
    return a.constructor === b.constructor && compare(a, b) === 0;
  if (EQUALS in a) return (a as Comparable)[EQUALS](b);
  if (a instanceof StructValue || b instanceof StructValue) return equalStructs(a, b);
  if (!isMap(a) || !isMap(b)) return false;
  return equalMaps(a, b);
}

const equalStructs = (a: object, b: object): boolean =>
  a instanceof StructValue && b instanceof StructValue && a[CEL_TYPE] === b[CEL_TYPE] && equalMaps(a, b);

function equalMaps(a: object, b: object): boolean {
  const keys = mapKeys(a);
  if (keys.length !== mapSize(b)) return false;
  return keys.every((key) => {
    const other = mapGet(b, key);
    return other !== undefined && equals(mapGet(a, key), other);
  });
}
