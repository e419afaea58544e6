import { goBase64Fault } from '../../base/go-base64.ts';
import { canonicalQuantity } from '../../base/quantity.ts';
import type { Scalar } from './schema.ts';

/** A value does not fit its field. Upstream reports the first one and stops; the message is Go's. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** The same in the words of the converter that types the outcome of a strategic merge, where they differ (runtime.DefaultUnstructuredConverter). */
  readonly converting: string | undefined;

  constructor(message: string, converting?: string) {
    super(message);
    this.converting = converting;
  }
}

/** Of what Go reads first, to find out which kind it is. */
export const GO_TYPE_META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** `of` names what was met and what was wanted: `string into … of type int32`. */
export type Mismatch = (value: unknown, goType: string) => DecodeError;

/** The stored form of a scalar: canonical quantities, times in UTC. Throws what `mismatch` makes, or DecodeError. */
export type ScalarReader = (value: unknown, mismatch: Mismatch) => unknown;

const isInteger = (value: unknown, limit: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit;
const INT32_LIMIT = 2 ** 31;
const INT64_LIMIT = 2 ** 63;

export const SCALAR_READERS: Readonly<Record<Scalar, ScalarReader>> = {
  string(value, mismatch) {
    if (typeof value !== 'string') throw mismatch(value, 'string');
    return value;
  },
  bool(value, mismatch) {
    if (typeof value !== 'boolean') throw mismatch(value, 'bool');
    return value;
  },
  int32(value, mismatch) {
    if (!isInteger(value, INT32_LIMIT)) throw mismatch(value, 'int32');
    return value;
  },
  int64(value, mismatch) {
    if (typeof value !== 'bigint' && !isInteger(value, INT64_LIMIT)) throw mismatch(value, 'int64');
    return value;
  },
  double(value, mismatch) {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'number') throw mismatch(value, 'float64');
    return value;
  },
  byte(value, mismatch) {
    if (typeof value !== 'string') throw mismatch(value, '[]uint8');
    return readBase64(value);
  },
  quantity(value) {
    if (typeof value === 'bigint') return readQuantity(String(value));
    if (typeof value === 'string' || typeof value === 'number') return readQuantity(value);
    return readQuantity('!');
  },
  intOrString(value) {
    if (typeof value === 'string' || isInteger(value, INT32_LIMIT)) return value;
    throw new DecodeError(`json: cannot unmarshal ${goValue(value)} into Go value of type int32`);
  },
  time(value, mismatch) {
    if (typeof value !== 'string') throw mismatch(value, 'string');
    return orNull(readTime(value, 0));
  },
  microTime(value, mismatch) {
    if (typeof value !== 'string') throw mismatch(value, 'string');
    return orNull(readTime(value, 6));
  },
  any: (value) => value,
  object(value, mismatch) {
    if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(value, 'map[string]interface {}');
    return value;
  },
};

/** What a null inside a list or a map becomes: Go's zero value. */
export const SCALAR_ZEROS: Readonly<Record<Scalar, unknown>> = {
  string: '',
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
  byte: '',
  quantity: '0',
  intOrString: 0,
  time: null,
  microTime: null,
  any: null,
  object: {},
};

/** What Go's `omitempty` leaves out of a scalar's values: quantities, times and ports that may have names are structs, of which it leaves out none. */
export function zeroLeftOut(scalar: Scalar): string | number | boolean | undefined {
  switch (scalar) {
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
    case 'double':
    case 'byte':
      return SCALAR_ZEROS[scalar] as string | number | boolean;
    case 'time':
    case 'microTime':
    case 'quantity':
    case 'intOrString':
    case 'any':
    case 'object':
      return undefined;
  }
}

/** How Go's JSON decoder calls a value that does not fit; numbers only when they have the right type but do not fit it. */
export function goValue(value: unknown, wantsNumber = false): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return wantsNumber ? `number ${isInteger(value, Number.MAX_VALUE) ? BigInt(value) : value}` : 'number';
    case 'boolean':
      return 'bool';
    default:
      return typeof value;
  }
}

/** Go's kinds of what is not typed yet. */
function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return goValue(value) === 'object' ? 'map' : goValue(value);
}

/** What Go's converter says of a value that does not fit its type; undefined of numbers that are too large, which it cuts off (fromUnstructured in apimachinery's converter.go). */
export function cannotConvert(value: unknown, goType: string): string | undefined {
  const is = goKind(value);
  if (goType.startsWith('map[')) return `cannot restore map from ${is}`;
  if (goType.startsWith('[]')) return `cannot restore slice from ${is}`;
  if (goType.includes('.')) return `cannot restore struct from: ${is}`;
  if (goType === 'string' && is === 'int64') return 'cannot convert int64 to string';
  if (typeof value !== 'number' || goType === 'bool' || goType === 'string') return `unrecognized type: ${goType}`;
  return is === 'float64' ? `cannot convert float64 to ${goType}` : undefined;
}

function readQuantity(value: string | number): string {
  try {
    return canonicalQuantity(value);
  } catch (e) {
    throw new DecodeError((e as Error).message);
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base64 with padding; line breaks are allowed and dropped. */
function readBase64(text: string): string {
  const bare = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  if (bare.length % 4 === 0 && BASE64.test(bare)) return bare;
  const fault = goBase64Fault(text);
  if (fault !== undefined) throw new DecodeError(fault, `error decoding from json: ${fault}`);
  return bare;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)$/;
const GO_LAYOUT = ['2006-01-02T15:04:05Z07:00', '2006-01-02T15:04:05.000000Z07:00'] as const;

/** Nearly all times that are read are in their stored form, on a day that every month has. */
const STORED = {
  0: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3])(?::[0-5]\d){2}Z$/,
  6: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3])(?::[0-5]\d){2}\.\d{6}Z$/,
} as const;

/** RFC 3339 in, RFC 3339 in UTC with `digits` of fraction (0 or 6) out. */
function readTime(value: string, digits: 0 | 6): string {
  if (STORED[digits].test(value)) return value;
  const match = RFC3339.exec(value);
  const excess = match && outOfRange(value);
  if (excess) throw new DecodeError(`parsing time ${JSON.stringify(value)}: ${excess} out of range`);
  const ms = match ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new DecodeError(
      `parsing time ${JSON.stringify(value)} as "${GO_LAYOUT[digits === 0 ? 0 : 1]}": cannot parse "${value}" as "2006"`,
    );
  }
  if (digits === 6) checkMicros(value, match?.[1]);
  const seconds = new Date(ms).toISOString().slice(0, 19);
  return digits === 0 ? `${seconds}Z` : `${seconds}.${(match?.[1] ?? '').slice(0, 6).padEnd(6, '0')}Z`;
}

/** Go shows its zero time as null. */
const orNull = (time: string): string | null => (time.startsWith('0001-01-01T00:00:00') && !/[1-9]/.test(time.slice(19)) ? null : time);

/** Go takes six digits after the point and no others (metav1.MicroTime). */
function checkMicros(time: string, digits = ''): void {
  if (digits.length === 6) return;
  const [rest, wanted] = digits.length < 6 ? [time.slice(19), '.000000'] : [time.slice(26), 'Z07:00'];
  throw new DecodeError(`parsing time ${JSON.stringify(time)} as "${GO_LAYOUT[1]}": cannot parse "${rest}" as "${wanted}"`);
}

/** The part of a time that there is not, in the order in which Go looks. */
function outOfRange(time: string): string | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = time.slice(0, 19).split(/[-T:]/).map(Number);
  if (month < 1 || month > 12) return 'month';
  if (hour > 23) return 'hour';
  if (minute > 59) return 'minute';
  if (second > 59) return 'second';
  return day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate() ? 'day' : undefined;
}
