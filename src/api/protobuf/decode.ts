import { parseExactJson } from '../../base/exact-json.ts';
import type { FieldType, Scalar } from '../schema/index.ts';
import { SCALAR_ZEROS, zeroLeftOut } from '../schema/scalars.ts';
import { isEnveloped } from './magic.ts';
import { type Embedded, type Message, type MessageField, messageOf, type Union } from './messages.ts';
import { UNIONS } from './unions.ts';
import { readInt64, readIntOrString, readQuantity, readRaw, readTime } from './well-known.ts';
import { DELIMITED, expectWire, FIXED64, type Reader, readFields, readNested, toBase64, VARINT, WireError } from './wire.ts';

export interface DecodeContext {
  /** An object inside an object (RawExtension) that has an envelope of its own. */
  readonly decodeEnveloped: (bytes: Uint8Array, depth: number) => unknown;
}

type Struct = Record<string, unknown>;

/**
 * Reads the fields of a message up to `end` into `target`, as upstream's JSON would show them: zero scalars are left out where Go's omitempty drops
 * them. Unknown fields are skipped. Throws WireError, and what the reader throws.
 */
export function readMessage(reader: Reader, end: number, message: Message, target: Struct, walk: Walk): Struct {
  readFields(reader, end, walk.depth, (number, wireType) => readField(reader, wireType, message.byNumber.get(number), target, walk));
  return target;
}

export interface Walk {
  readonly depth: number;
  readonly context: DecodeContext;
}

const deeper = ({ depth, context }: Walk): Walk => ({ depth: depth + 1, context });

function readField(reader: Reader, wireType: number, field: MessageField | Embedded | undefined, target: Struct, walk: Walk): boolean {
  if (!field) return false;
  if ('embeds' in field) {
    readStruct(reader, wireType, field.embeds, target, walk);
    return true;
  }
  const { name, type } = field;
  switch (type.is) {
    case 'scalar': {
      const value = readScalar(reader, wireType, type.scalar, walk);
      setField(target, name, field.keepsZero || value !== zeroLeftOut(type.scalar) ? value : undefined);
      return true;
    }
    case 'list':
      readItem(reader, wireType, type.items, listAt(target, name), walk);
      return true;
    case 'map':
      readEntry(reader, wireType, type.values, structAt(target, name), walk);
      return true;
    case 'schema':
      readStruct(reader, wireType, messageOf(type.name), structAt(target, name), walk);
      return true;
    case 'union':
      setField(target, name, readUnion(reader, wireType, type.union, walk));
      return true;
  }
}

function readUnion(reader: Reader, wireType: number, union: Union, walk: Walk): unknown {
  const { message, toJson } = UNIONS[union];
  return toJson(readStruct(reader, wireType, message, {}, walk));
}

function readStruct(reader: Reader, wireType: number, message: Message, target: Struct, walk: Walk): Struct {
  expectWire(wireType, DELIMITED);
  const length = reader.uint32();
  return readMessage(reader, reader.pos + length, message, target, deeper(walk));
}

function setField(target: Struct, name: string, value: unknown): void {
  if (value === undefined) delete target[name];
  else target[name] = value;
}

const listAt = (target: Struct, name: string): unknown[] => {
  target[name] ??= [];
  return target[name] as unknown[];
};
/** A message that comes in pieces is merged. */
const structAt = (target: Struct, name: string): Struct => {
  target[name] ??= {};
  return target[name] as Struct;
};

const PACKABLE: ReadonlySet<Scalar> = new Set(['int32', 'int64', 'bool', 'double']);

function readItem(reader: Reader, wireType: number, items: FieldType, list: unknown[], walk: Walk): void {
  if (items.is !== 'scalar' || !PACKABLE.has(items.scalar) || wireType !== DELIMITED) {
    list.push(readValue(reader, wireType, items, walk));
    return;
  }
  const end = reader.uint32() + reader.pos;
  const packed = items.scalar === 'double' ? FIXED64 : VARINT;
  while (reader.pos < end) list.push(readScalar(reader, packed, items.scalar, walk));
  if (reader.pos !== end) throw new WireError('a packed list passes its end');
}

/** A value that stands in a list or a map, where zeros count. */
function readValue(reader: Reader, wireType: number, type: FieldType, walk: Walk): unknown {
  switch (type.is) {
    case 'scalar':
      return readScalar(reader, wireType, type.scalar, walk) ?? SCALAR_ZEROS[type.scalar];
    case 'schema':
      return readStruct(reader, wireType, messageOf(type.name), {}, walk);
    case 'list':
      return readWrappedList(reader, wireType, type.items, walk);
    case 'map':
      throw new WireError('a map inside a map or a list');
  }
}

/** A list inside a map (ExtraValue) is a message {items=1}. */
function readWrappedList(reader: Reader, wireType: number, items: FieldType, walk: Walk): unknown[] {
  const list: unknown[] = [];
  readNested(reader, wireType, walk.depth, (number, wire) => {
    if (number !== 1) return false;
    readItem(reader, wire, items, list, deeper(walk));
    return true;
  });
  return list;
}

function readEntry(reader: Reader, wireType: number, values: FieldType, map: Struct, walk: Walk): void {
  let key = '';
  let value: unknown;
  readNested(reader, wireType, walk.depth, (number, wire) => {
    if (number > 2) return false;
    if (number === 1) {
      expectWire(wire, DELIMITED);
      key = reader.string();
    } else value = readValue(reader, wire, values, deeper(walk));
    return true;
  });
  value ??= zeroOf(values);
  // As a plain assignment, this key would change the prototype.
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

function zeroOf(type: FieldType): unknown {
  if (type.is === 'scalar') return SCALAR_ZEROS[type.scalar];
  return type.is === 'list' ? [] : {};
}

/** Undefined: the zero time, and raw JSON that is not there. */
function readScalar(reader: Reader, wireType: number, scalar: Scalar, walk: Walk): unknown {
  switch (scalar) {
    case 'string':
      expectWire(wireType, DELIMITED);
      return reader.string();
    case 'byte':
      expectWire(wireType, DELIMITED);
      return toBase64(reader.bytes());
    case 'bool':
      expectWire(wireType, VARINT);
      return reader.bool();
    case 'int32':
      expectWire(wireType, VARINT);
      return reader.int32();
    case 'int64':
      expectWire(wireType, VARINT);
      return readInt64(reader);
    case 'double':
      expectWire(wireType, FIXED64);
      return reader.double();
    case 'time':
      return readTime(reader, wireType, walk.depth, 0);
    case 'microTime':
      return readTime(reader, wireType, walk.depth, 6);
    case 'quantity':
      return readQuantity(reader, wireType, walk.depth);
    case 'intOrString':
      return readIntOrString(reader, wireType, walk.depth);
    case 'any':
    case 'object':
      return rawValue(readRaw(reader, wireType, walk.depth), walk);
  }
}

function rawValue(raw: Uint8Array | undefined, { depth, context }: Walk): unknown {
  if (!raw) return undefined;
  if (isEnveloped(raw)) return context.decodeEnveloped(raw, depth + 1);
  try {
    return parseExactJson(new TextDecoder().decode(raw));
  } catch {
    throw new WireError('a raw value is not JSON');
  }
}
