import type { KubeObject } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import { type DecodeContext, readMessage } from './decode.ts';
import { messageOfKind } from './kinds.ts';
import { isEnveloped, MAGIC } from './magic.ts';
import { DELIMITED, expectWire, newReader, type Reader, readFields, readNested, WireError } from './wire.ts';

/**
 * Reads an object of a built-in kind from `application/vnd.kubernetes.protobuf`. The object is as upstream's JSON of it would be: apiVersion and kind are
 * set, empty optional values left out. Not yet pruned. Throws ApiError BadRequest when the bytes are no such object. The caller bounds the size.
 */
export function decodeProtobuf(bytes: Uint8Array): KubeObject {
  try {
    return decodeEnveloped(bytes, 0);
  } catch (e) {
    // The reader throws RangeErrors and plain Errors; a TypeError is a mistake of ours.
    if (e instanceof ApiError || e instanceof TypeError || !(e instanceof Error)) throw e;
    throw new ApiError('BadRequest', `couldn't decode the protobuf body: ${e.message}`, { cause: e });
  }
}

const context: DecodeContext = { decodeEnveloped };

function decodeEnveloped(bytes: Uint8Array, depth: number): KubeObject {
  if (!isEnveloped(bytes)) {
    throw new WireError(`provided data does not appear to be a protobuf message, expected prefix [${MAGIC.join(' ')}]`);
  }
  const { apiVersion, kind, raw, contentEncoding } = readUnknown(bytes, depth);
  if (contentEncoding !== '') throw new WireError(`content encoding ${JSON.stringify(contentEncoding)} is not supported`);
  const message = messageOfKind(apiVersion, kind);
  if (!message) throw new WireError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  const reader = newReader(raw);
  return readMessage(reader, raw.length, message, { apiVersion, kind }, { depth, context });
}

interface Unknown {
  apiVersion: string;
  kind: string;
  raw: Uint8Array;
  contentEncoding: string;
}

/** runtime.Unknown: typeMeta=1 {apiVersion=1, kind=2}, raw=2, contentEncoding=3, contentType=4. */
function readUnknown(bytes: Uint8Array, depth: number): Unknown {
  const found: Unknown = { apiVersion: '', kind: '', raw: new Uint8Array(), contentEncoding: '' };
  const reader = newReader(bytes.subarray(MAGIC.length));
  readFields(reader, reader.len, depth, (number, wireType) => {
    if (number > 3) return false;
    expectWire(wireType, DELIMITED);
    if (number === 1) readTypeMeta(reader, depth, found);
    else if (number === 2) found.raw = reader.bytes();
    else found.contentEncoding = reader.string();
    return true;
  });
  return found;
}

function readTypeMeta(reader: Reader, depth: number, into: Unknown): void {
  readNested(reader, DELIMITED, depth, (number, wireType) => {
    if (number > 2) return false;
    expectWire(wireType, DELIMITED);
    if (number === 1) into.apiVersion = reader.string();
    else into.kind = reader.string();
    return true;
  });
}
