import { DELIMITED, expectWire, type Reader, readNested, tagOf, VARINT, WireError, type Writer } from './wire.ts';

/** Types of apimachinery that are messages on the wire and a single value in JSON. */

/** Seconds of the years 1 to 9999, which RFC 3339 can say. */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800, 253_402_300_799];

/** Time and MicroTime: {seconds=1, nanos=2}; the zero time is an empty message. Undefined for it; RFC 3339 with `digits` of fraction. */
export function readTime(reader: Reader, wireType: number, depth: number, digits: 0 | 6): string | undefined {
  let seconds: number | undefined;
  let nanos = 0;
  readNested(reader, wireType, depth, (number, wire) => {
    if (number > 2) return false;
    expectWire(wire, VARINT);
    if (number === 1) seconds = Number(readInt64(reader));
    else nanos = reader.int32();
    return true;
  });
  if (seconds === undefined) return undefined;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw new WireError(`time ${seconds} is out of range`);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  const micros = Math.min(Math.max(Math.floor(nanos / 1000), 0), 999_999);
  return digits === 0 ? `${text}Z` : `${text}.${String(micros).padStart(6, '0')}Z`;
}

/** Nothing for the zero time, which JSON shows as null. */
export function writeTime(writer: Writer, rfc3339: string | null): void {
  if (rfc3339 === null) return;
  const ms = Date.parse(rfc3339);
  if (Number.isNaN(ms)) throw new WireError(`not a time: ${rfc3339}`);
  const fraction = /\.(\d+)/.exec(rfc3339)?.[1] ?? '';
  const nanos = Number(fraction.slice(0, 9).padEnd(9, '0'));
  writer
    .uint32(tagOf(1, VARINT))
    .int64(Math.floor(ms / 1000))
    .uint32(tagOf(2, VARINT))
    .int32(nanos);
}

/** Quantity: {string=1}. Nothing means zero. */
export function readQuantity(reader: Reader, wireType: number, depth: number): string {
  let text = '';
  readNested(reader, wireType, depth, (number, wire) => {
    if (number !== 1) return false;
    expectWire(wire, DELIMITED);
    text = reader.string();
    return true;
  });
  return text || '0';
}

/** IntOrString: {type=1, intVal=2, strVal=3}; type 1 is the string. */
export function readIntOrString(reader: Reader, wireType: number, depth: number): number | string {
  let isString = false;
  let int = 0;
  let text = '';
  readNested(reader, wireType, depth, (number, wire) => {
    if (number > 3) return false;
    expectWire(wire, number === 3 ? DELIMITED : VARINT);
    if (number === 1) isString = readInt64(reader) === 1;
    else if (number === 2) int = reader.int32();
    else text = reader.string();
    return true;
  });
  return isString ? text : int;
}

export function writeIntOrString(writer: Writer, value: number | string): void {
  const isString = typeof value === 'string';
  writer.uint32(tagOf(1, VARINT)).int64(isString ? 1 : 0);
  writer.uint32(tagOf(2, VARINT)).int32(isString ? 0 : value);
  writer.uint32(tagOf(3, DELIMITED)).string(isString ? value : '');
}

/** RawExtension, FieldsV1, JSON: {raw=1}. Undefined when there are no bytes. */
export function readRaw(reader: Reader, wireType: number, depth: number): Uint8Array | undefined {
  let raw: Uint8Array | undefined;
  readNested(reader, wireType, depth, (number, wire) => {
    if (number !== 1) return false;
    expectWire(wire, DELIMITED);
    raw = reader.bytes();
    return true;
  });
  return raw?.length ? raw : undefined;
}

/** A bigint beyond what a number holds. */
export function readInt64(reader: Reader): number | bigint {
  const text = reader.int64().toString();
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}
