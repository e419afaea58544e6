import { type WireField, type WireMessage, wireMessage } from './protobuf-fields.ts';
import { malformed, type WireValue, wireValues } from './protobuf-reader.ts';
import type { FieldType, Scalar } from './schema.ts';

/** `k8s` and a zero byte, before the envelope (Kubernetes API Concepts, "Protobuf encoding"). */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const MAX_DEPTH = 100;
const text = new TextDecoder();

export interface ProtobufObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** The message itself, still encoded. */
  readonly raw: Uint8Array;
}

/** Opens the envelope (runtime.Unknown). Throws BadRequest. */
export function openEnvelope(bytes: Uint8Array): ProtobufObject {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw malformed('it does not start with the magic number k8s');
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array() };
  for (const field of wireValues(bytes.subarray(MAGIC.length))) {
    if (field.is !== 'bytes') continue;
    if (field.number === 2) envelope.raw = new Uint8Array(field.value);
    if (field.number !== 1) continue;
    for (const type of wireValues(field.value)) {
      if (type.is === 'bytes' && type.number === 1) envelope.apiVersion = text.decode(type.value);
      if (type.is === 'bytes' && type.number === 2) envelope.kind = text.decode(type.value);
    }
  }
  return envelope;
}

/** The message as the JSON object that it stands for. Throws BadRequest; undefined when the schema has no protobuf form. */
export function decodeMessage(raw: Uint8Array, schema: string): Record<string, unknown> | undefined {
  const message = wireMessage(schema);
  if (!message) return undefined;
  const object: Record<string, unknown> = {};
  readMessage(raw, message, object, 0);
  return object;
}

function readMessage(bytes: Uint8Array, message: WireMessage, object: Record<string, unknown>, depth: number): void {
  if (depth > MAX_DEPTH) throw malformed('it is nested too deeply');
  for (const value of wireValues(bytes)) {
    const inline = message.inline.get(value.number);
    if (inline && value.is === 'bytes') readMessage(value.value, inline, object, depth);
    const field = message.fields.get(value.number);
    if (field) readField(value, field, object, depth);
  }
}

function readField(value: WireValue, { name, type, keepsZero }: WireField, object: Record<string, unknown>, depth: number): void {
  if (type.is === 'list') {
    object[name] ??= [];
    (object[name] as unknown[]).push(...listItems(value, type.items, depth));
    return;
  }
  if (type.is === 'map') {
    object[name] ??= {};
    const map = object[name] as object;
    const [key, entry] = readEntry(bytesOf(value), type.values, depth);
    Object.defineProperty(map, key, { value: entry, writable: true, enumerable: true, configurable: true });
    return;
  }
  const decoded = readValue(value, type, depth);
  if (decoded !== undefined && (keepsZero || !isZero(decoded))) object[name] = decoded;
}

const isZero = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** Repeated numbers come one by one or packed. */
function listItems(value: WireValue, items: FieldType, depth: number): unknown[] {
  const numeric = items.is === 'scalar' && (items.scalar === 'int32' || items.scalar === 'int64' || items.scalar === 'bool');
  if (!numeric || value.is !== 'bytes') return [readValue(value, items, depth)];
  throw malformed('packed numbers are not used by this API');
}

function readEntry(bytes: Uint8Array, values: FieldType, depth: number): [string, unknown] {
  let key = '';
  let entry: unknown;
  for (const value of wireValues(bytes)) {
    if (value.number === 1) key = text.decode(bytesOf(value));
    if (value.number === 2) entry = values.is === 'list' ? itemsOf(bytesOf(value), values.items, depth) : readValue(value, values, depth);
  }
  return [key, entry ?? emptyOf(values)];
}

/** A list as the value of a map is a message with the items under 1. */
const itemsOf = (bytes: Uint8Array, items: FieldType, depth: number): unknown[] =>
  [...wireValues(bytes)].filter(({ number }) => number === 1).map((value) => readValue(value, items, depth));

const emptyOf = (type: FieldType): unknown => (type.is === 'list' ? [] : type.is === 'scalar' ? '' : {});

function readValue(value: WireValue, type: FieldType, depth: number): unknown {
  if (type.is === 'scalar') return readScalar(value, type.scalar);
  if (type.is !== 'schema') throw malformed('a list lies directly in a list');
  const message = wireMessage(type.name);
  if (!message) throw malformed(`${type.name} has no protobuf form`);
  const object: Record<string, unknown> = {};
  readMessage(bytesOf(value), message, object, depth + 1);
  return object;
}

function readScalar(value: WireValue, scalar: Scalar): unknown {
  switch (scalar) {
    case 'string':
      return text.decode(bytesOf(value));
    case 'int32':
    case 'int64':
      return Number(integerOf(value));
    case 'bool':
      return integerOf(value) !== 0n;
    case 'double':
      return value.is === 'double' ? value.value : Number(integerOf(value));
    case 'byte':
      return btoa(Array.from(bytesOf(value), (byte) => String.fromCharCode(byte)).join(''));
    case 'quantity':
      return text.decode(innerBytes(bytesOf(value), 1));
    case 'time':
      return readTime(bytesOf(value), false);
    case 'microTime':
      return readTime(bytesOf(value), true);
    case 'intOrString':
      return readIntOrString(bytesOf(value));
    case 'any':
    case 'object':
      return readRaw(bytesOf(value));
  }
}

function bytesOf(value: WireValue): Uint8Array {
  if (value.is !== 'bytes') throw malformed(`field ${value.number} should hold bytes`);
  return value.value;
}

function integerOf(value: WireValue): bigint {
  if (value.is !== 'integer') throw malformed(`field ${value.number} should hold a number`);
  return value.value;
}

function innerBytes(bytes: Uint8Array, number: number): Uint8Array {
  for (const value of wireValues(bytes)) if (value.number === number) return bytesOf(value);
  return new Uint8Array();
}

function innerInteger(bytes: Uint8Array, number: number): bigint | undefined {
  for (const value of wireValues(bytes)) if (value.number === number) return integerOf(value);
  return undefined;
}

/** Seconds and nanoseconds since the epoch; an empty message is no time. */
function readTime(bytes: Uint8Array, micro: boolean): string | undefined {
  const seconds = innerInteger(bytes, 1);
  const nanos = innerInteger(bytes, 2);
  if (seconds === undefined && nanos === undefined) return undefined;
  const date = new Date(Number(seconds ?? 0n) * 1000);
  if (Number.isNaN(date.getTime())) throw malformed('a time is out of range');
  const whole = date.toISOString().slice(0, 19);
  return micro ? `${whole}.${String((nanos ?? 0n) / 1000n).padStart(6, '0')}Z` : `${whole}Z`;
}

const readIntOrString = (bytes: Uint8Array): number | string =>
  innerInteger(bytes, 1) === 1n ? text.decode(innerBytes(bytes, 3)) : Number(innerInteger(bytes, 2) ?? 0n);

/** RawExtension and FieldsV1 carry JSON. */
function readRaw(bytes: Uint8Array): unknown {
  const raw = innerBytes(bytes, 1);
  if (raw.length === 0) return undefined;
  try {
    return JSON.parse(text.decode(raw));
  } catch {
    throw malformed('an embedded object is no JSON');
  }
}
