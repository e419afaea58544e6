import type { FieldType, Scalar } from '../schema/index.ts';
import { type Message, type MessageField, messageOf } from './messages.ts';
import { UNIONS } from './unions.ts';
import { writeIntOrString, writeTime } from './well-known.ts';
import { DELIMITED, FIXED64, tagOf, VARINT, type Writer } from './wire.ts';

type Struct = Readonly<Record<string, unknown>>;

/** Writes what the object has of the message's fields. Embedded structs are always written, as upstream does. Throws TypeError on a misfit. */
export function writeMessage(writer: Writer, message: Message, object: Struct): void {
  for (const field of message.fields) {
    if ('embeds' in field) nested(writer, field.number, () => writeMessage(writer, field.embeds, object));
    else writeField(writer, field, object[field.name]);
  }
}

export function nested(writer: Writer, number: number, write: () => void): void {
  writer.uint32(tagOf(number, DELIMITED)).fork();
  write();
  writer.ldelim();
}

function writeField(writer: Writer, { number, type }: MessageField, value: unknown): void {
  if (value === undefined || value === null) return;
  switch (type.is) {
    case 'scalar':
    case 'schema':
      writeValue(writer, number, type, value);
      return;
    case 'list':
      for (const item of value as readonly unknown[]) writeValue(writer, number, type.items, item);
      return;
    case 'map':
      for (const [key, item] of Object.entries(value)) {
        nested(writer, number, () => {
          writer.uint32(tagOf(1, DELIMITED)).string(key);
          writeValue(writer, 2, type.values, item);
        });
      }
      return;
    case 'union': {
      const { message, fromJson } = UNIONS[type.union];
      nested(writer, number, () => writeMessage(writer, message, fromJson(value)));
      return;
    }
  }
}

function writeValue(writer: Writer, number: number, type: FieldType, value: unknown): void {
  switch (type.is) {
    case 'scalar':
      SCALAR_WRITERS[type.scalar](writer, number, value as never);
      return;
    case 'schema':
      nested(writer, number, () => writeMessage(writer, messageOf(type.name), (value ?? {}) as Struct));
      return;
    case 'list':
      nested(writer, number, () => {
        for (const item of value as readonly unknown[]) writeValue(writer, 1, type.items, item);
      });
      return;
    case 'map':
      throw new TypeError('a map inside a map or a list');
  }
}

type ScalarWriter = (writer: Writer, number: number, value: never) => void;

const wrapped =
  <T>(write: (writer: Writer, value: T) => void) =>
  (writer: Writer, number: number, value: T) =>
    nested(writer, number, () => write(writer, value));
const text = (writer: Writer, value: string) => void writer.uint32(tagOf(1, DELIMITED)).string(value);

const SCALAR_WRITERS: Readonly<Record<Scalar, ScalarWriter>> = {
  string: (writer, number, value: string) => void writer.uint32(tagOf(number, DELIMITED)).string(value),
  // A string is taken as base64.
  byte: (writer, number, value: never) => void writer.uint32(tagOf(number, DELIMITED)).bytes(value),
  bool: (writer, number, value: boolean) => void writer.uint32(tagOf(number, VARINT)).bool(value),
  int32: (writer, number, value: number) => void writer.uint32(tagOf(number, VARINT)).int32(value),
  int64: (writer, number, value: number | bigint) =>
    void writer.uint32(tagOf(number, VARINT)).int64(typeof value === 'bigint' ? String(value) : value),
  double: (writer, number, value: number) => void writer.uint32(tagOf(number, FIXED64)).double(value),
  time: wrapped(writeTime),
  microTime: wrapped(writeTime),
  intOrString: wrapped(writeIntOrString),
  quantity: wrapped((writer, value: string | number) => text(writer, String(value))),
  any: wrapped((writer, value: unknown) => text(writer, JSON.stringify(value))),
  object: wrapped((writer, value: unknown) => text(writer, JSON.stringify(value))),
};
