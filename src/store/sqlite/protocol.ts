import type { Entry } from '../store.ts';

/** What the main thread and the SQLite worker say to each other. The worker answers every request, in order. */
export interface Batch {
  /** Later operations of one key come after earlier ones. */
  readonly keys: string[];
  readonly revisions: Float64Array;
  /** Bytes of each value within `bytes`, one after the other; -1: the key is deleted. */
  readonly sizes: Int32Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Revisions up to here may be handed out once this batch is committed. */
  readonly ceiling: number | undefined;
}

export type Request = { readonly id: number } & (
  | { readonly do: 'write'; readonly batch: Batch }
  | { readonly do: 'get'; readonly key: string }
  | { readonly do: 'list'; readonly prefix: string; readonly after: string | undefined; readonly limit: number | undefined }
  /** Writes the revision that the next start begins with, and closes the file. */
  | { readonly do: 'close'; readonly ceiling: number }
);

export type Packed = Pick<Batch, 'keys' | 'revisions' | 'sizes' | 'bytes'>;

export type Answer =
  | { readonly is: 'done' }
  | { readonly is: 'entries'; readonly entries: Packed }
  /** `written`: whether the batch is in the file nevertheless; undefined when the file can no longer be read. */
  | { readonly is: 'failed'; readonly message: string; readonly written: boolean | undefined };

export type Reply = { readonly id: number } & Answer;

/** The worker's first message. */
export type Opened =
  | { readonly is: 'open'; readonly revision: number; readonly ceiling: number; readonly keys: string[]; readonly revisions: Float64Array }
  | { readonly is: 'refused'; readonly message: string };

export interface WorkerOptions {
  readonly path: string;
  readonly nativeBinding: string | undefined;
  readonly maxBytes: number | undefined;
  readonly eraseDeleted: boolean;
}

export interface Operation {
  readonly key: string;
  readonly revision: number;
  /** undefined: delete. */
  readonly value: Uint8Array | undefined;
}

/** One allocation for all values: it is moved to the other thread instead of being copied value by value. */
export function pack(operations: readonly Operation[]): Packed {
  const keys: string[] = new Array(operations.length);
  const revisions = new Float64Array(operations.length);
  const sizes = new Int32Array(operations.length);
  let total = 0;
  operations.forEach(({ key, revision, value }, i) => {
    keys[i] = key;
    revisions[i] = revision;
    sizes[i] = value ? value.length : -1;
    total += value?.length ?? 0;
  });
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const { value } of operations) {
    if (!value) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return { keys, revisions, sizes, bytes };
}

/** Values are views into the packed bytes. */
export function* unpack({ keys, revisions, sizes, bytes }: Packed): Generator<Operation> {
  let at = 0;
  for (let i = 0; i < keys.length; i += 1) {
    const size = sizes[i] as number;
    const value = size < 0 ? undefined : bytes.subarray(at, at + size);
    at += Math.max(size, 0);
    yield { key: keys[i] as string, revision: revisions[i] as number, value };
  }
}

export const unpackEntries = (packed: Packed): Entry[] => [...unpack(packed)].map((o) => ({ ...o, value: o.value ?? new Uint8Array(0) }));
