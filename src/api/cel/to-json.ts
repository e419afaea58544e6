import { exactInteger } from '../../base/exact-json.ts';
import { runtimeError } from './errors.ts';
import { formatDuration, formatTimestamp } from './time.ts';
import { showType } from './types.ts';
import {
  adopt,
  type CelValue,
  Double,
  Duration,
  isMap,
  mapGet,
  mapKeys,
  Optional,
  StructValue,
  Timestamp,
  typeOf,
  Uint,
} from './values.ts';

/** What a CEL value is in an object of the API: ints and doubles are numbers, bytes base64, timestamps and durations text. Throws CelError. */
export function toJson(value: CelValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return exactInteger(value) ?? Number(value);
  if (value instanceof Double) return value.value;
  if (value instanceof Uint) return exactInteger(value.value) ?? Number(value.value);
  if (Array.isArray(value)) return value.map((item) => toJson(adopt(item)));
  if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(''));
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Optional && value.value !== undefined) return toJson(value.value);
  if (value instanceof StructValue || isMap(value))
    return Object.fromEntries(mapKeys(value).map((key) => [String(key), toJson(mapGet(value, key))]));
  throw runtimeError(`a value of type ${showType(typeOf(value))} cannot be part of an object`);
}
