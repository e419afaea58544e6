/**
 * Objects are stored as JSON without metadata.resourceVersion and served with it. Stored JSON begins with apiVersion, kind and
 * metadata, so the first `"metadata":{` is the object's own: inside JSON strings the quote would be escaped.
 */
interface Shape {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const METADATA = '"metadata":{';
const STAMP = '"metadata":{"resourceVersion":"';
const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;

/** The bytes to store: JSON without resourceVersion, in one allocation of exactly its size. */
export function encodeStored(object: object): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object as Shape;
  const { resourceVersion: _, ...meta } = metadata ?? {};
  const text = JSON.stringify({ apiVersion, kind, metadata: meta, ...rest });
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** Bytes that are yet to be written: `length` of them, by `write`. */
export interface Edit {
  readonly length: number;
  readonly write: (target: Buffer) => void;
}

/** Stored bytes -> served bytes. Throws TypeError when there is no metadata. */
export function spliceRevision(stored: Uint8Array, revision: number): Edit {
  const source = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const found = source.indexOf(METADATA);
  if (found < 0) throw new TypeError('the stored object has no metadata');
  const at = found + METADATA.length;
  const stamp = `"resourceVersion":"${revision}"${source[at] === CLOSING_BRACE ? '' : ','}`;
  return replaceRange(source, { from: at, to: at, text: stamp });
}

/** Served bytes of one revision -> served bytes of another: what watchers see of a deleted object. */
export function restamp(served: Buffer, revision: number): Edit {
  const from = served.indexOf(STAMP) + STAMP.length;
  return replaceRange(served, { from, to: served.indexOf(QUOTE, from), text: String(revision) });
}

const replaceRange = (source: Buffer, { from, to, text }: { from: number; to: number; text: string }): Edit => ({
  length: source.length - (to - from) + text.length,
  write(target) {
    target.set(source.subarray(0, from));
    target.write(text, from, 'latin1');
    target.set(source.subarray(to), from + text.length);
  },
});

/** A copy of the object with the revision in its metadata; all else is shared. The copy is frozen, as its parts must be already. */
export function withRevision<T extends object>(object: T, revision: number): T {
  const metadata = Object.freeze({ ...(object as Shape).metadata, resourceVersion: String(revision) });
  return Object.freeze({ ...object, metadata });
}
