import protobuf from 'protobufjs/minimal.js';

export type Reader = protobuf.Reader;
export type Writer = protobuf.Writer;

export const newReader = (bytes: Uint8Array): Reader => protobuf.Reader.create(bytes);
export const newWriter = (): Writer => protobuf.Writer.create();
export const toBase64 = (bytes: Uint8Array): string => protobuf.util.base64.encode(bytes, 0, bytes.length);

export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;

/** The bytes are no message of the kind. The reader itself throws RangeError and Error. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

export const tagOf = (number: number, wireType: number): number => ((number << 3) | wireType) >>> 0;

/** Deeper messages are refused before they exhaust the stack (JSONSchemaProps may nest without end). */
const MAX_DEPTH = 1000;

/**
 * Calls `field` for every field of a message up to `end`; it must read the field's value whole, or answer false to have it skipped. Throws WireError when
 * a field passes the end.
 */
export function readFields(reader: Reader, end: number, depth: number, field: (number: number, wireType: number) => boolean): void {
  if (depth > MAX_DEPTH) throw new WireError('exceeded max depth');
  if (end > reader.len) throw new WireError('unexpected end of input');
  while (reader.pos < end) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    if (number === 0) throw new WireError('illegal field number 0');
    if (!field(number, tag & 7)) reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new WireError('a field passes the end of its message');
}

/** Reads the length of an embedded message, then its fields. */
export function readNested(reader: Reader, wireType: number, depth: number, field: (number: number, wireType: number) => boolean): void {
  expectWire(wireType, DELIMITED);
  const length = reader.uint32();
  readFields(reader, reader.pos + length, depth + 1, field);
}

export function expectWire(met: number, wanted: number): void {
  if (met !== wanted) throw new WireError(`wrong wire type ${met}`);
}
