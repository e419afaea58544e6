import type { KubeList, KubeObject } from '../meta/object.ts';
import { ApiError, type Status } from '../meta/status.ts';
import { nested, writeMessage } from './encode.ts';
import { messageOfKind } from './kinds.ts';
import { MAGIC } from './magic.ts';
import { messageOf } from './messages.ts';
import { DELIMITED, newWriter, tagOf, type Writer } from './wire.ts';

type Encodable = KubeObject | KubeList | Status;
type TypeMeta = Pick<KubeObject, 'apiVersion' | 'kind'>;

/** Can objects of this kind be written? Those of CustomResourceDefinitions cannot. */
export const hasProtobuf = ({ apiVersion = '', kind = '' }: TypeMeta): boolean => messageOfKind(apiVersion, kind) !== undefined;

/** An object, list or Status in `application/vnd.kubernetes.protobuf`. Throws ApiError NotAcceptable for kinds that have no protobuf form. */
export const encodeProtobuf = (object: Encodable): Uint8Array => joined(enveloped(object, [encodeBare(object)]));

/** The object's message without its envelope: what a list holds of it. Throws as encodeProtobuf. */
export function encodeBare(object: Encodable): Uint8Array {
  const { apiVersion = '', kind = '' } = object;
  const message = messageOfKind(apiVersion, kind);
  if (!message)
    throw new ApiError('NotAcceptable', `${kind} in version ${JSON.stringify(apiVersion)} cannot be encoded to a protobuf message`);
  return written((writer) => writeMessage(writer, message, { ...object }));
}

/** Fields 3 and 4 of the envelope, encoding and type of its content: as upstream writes them, there and empty. */
const NO_CONTENT_TYPE = Uint8Array.of(tagOf(3, DELIMITED), 0, tagOf(4, DELIMITED), 0);

/** Puts the parts of a bare message into an envelope; the parts themselves are not copied. */
export function enveloped({ apiVersion = '', kind = '' }: TypeMeta, raw: readonly Uint8Array[]): readonly Uint8Array[] {
  const head = written((writer) => {
    nested(writer, 1, () => {
      writer.uint32(tagOf(1, DELIMITED)).string(apiVersion);
      writer.uint32(tagOf(2, DELIMITED)).string(kind);
    });
    writer.uint32(tagOf(2, DELIMITED)).uint32(lengthOf(raw));
  });
  return [MAGIC, head, ...raw, NO_CONTENT_TYPE];
}

/** A list in its envelope, of items that are bare messages, which are not copied. */
export function encodeList(list: TypeMeta & { readonly metadata: object }, items: readonly Uint8Array[]): readonly Uint8Array[] {
  const metadata = written((writer) => nested(writer, 1, () => writeMessage(writer, messageOf('ListMeta'), { ...list.metadata })));
  const entries = items.flatMap((item) => [written((writer) => writer.uint32(tagOf(2, DELIMITED)).uint32(item.length)), item]);
  return enveloped(list, [metadata, ...entries]);
}

/**
 * One frame of a watch: its length in 4 bytes (big-endian), then a WatchEvent {type=1, object=2 {raw=1}} without envelope, whose object has one
 * (Kubernetes API Concepts, "Protobuf encoding").
 */
export function encodeWatchFrame(type: string, object: readonly Uint8Array[]): readonly Uint8Array[] {
  const raw = written((writer) => writer.uint32(tagOf(1, DELIMITED)).uint32(lengthOf(object)));
  const event = written((writer) => {
    writer.uint32(tagOf(1, DELIMITED)).string(type);
    writer.uint32(tagOf(2, DELIMITED)).uint32(raw.length + lengthOf(object));
  });
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, event.length + raw.length + lengthOf(object));
  return [length, event, raw, ...object];
}

function written(write: (writer: Writer) => unknown): Uint8Array {
  const writer = newWriter();
  write(writer);
  return writer.finish();
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
