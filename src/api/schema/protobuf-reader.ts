import { ApiError } from '../meta/status.ts';

const MORE = 0x80;

export const malformed = (what: string): ApiError => new ApiError('BadRequest', `the protobuf body cannot be decoded: ${what}`);

/** One field off the wire: a number (varint, fixed) or bytes. */
export type WireValue = { readonly number: number } & (
  | { readonly is: 'integer'; readonly value: bigint }
  | { readonly is: 'double'; readonly value: number }
  | { readonly is: 'bytes'; readonly value: Uint8Array }
);

/** The fields of a message in the order of the wire. Throws BadRequest where the bytes are no message. */
export function* wireValues(bytes: Uint8Array): Generator<WireValue> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw malformed('it ends within a number');
      value |= BigInt(byte & ~MORE) << shift;
      if (byte < MORE) return BigInt.asIntN(64, value);
    }
    throw malformed('a number is too long');
  };
  const skip = (length: number): number => {
    const start = at;
    if (length < 0 || at + length > bytes.length) throw malformed('it ends within a field');
    at += length;
    return start;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { number, is: 'integer', value: varint() };
        break;
      case 1:
        yield { number, is: 'double', value: view.getFloat64(skip(8), true) };
        break;
      case 2: {
        const length = Number(varint());
        const start = skip(length);
        yield { number, is: 'bytes', value: bytes.subarray(start, start + length) };
        break;
      }
      case 5:
        yield { number, is: 'double', value: view.getFloat32(skip(4), true) };
        break;
      default:
        throw malformed('a field is of an unknown wire type');
    }
  }
}
