/**
 * The store port: bytes by key and revision. It knows no kinds. Backends: sqlite/ (embedded), memory/ (tests, `minik dev`),
 * etcd/ (several servers). conformance.ts is the suite that every backend passes.
 *
 * Keys are `/registry/<group>/<plural>/<namespace>/<name>` (without namespace for cluster-scoped resources); order is by
 * UTF-8 bytes. Revisions are one counter for the whole store. An empty store is at revision 1, as etcd is, because Kubernetes
 * gives resourceVersion "0" a meaning of its own. They never run backwards, also not after kill -9; they may skip.
 */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision that wrote this value. */
  readonly revision: number;
  readonly encryption?: Encryption;
}

/** Of a value that lies encrypted, or is to be. */
export interface Encryption {
  /** Does it lie in a form that is no longer written? Then writing the same value again is not for nothing. May change while the server runs. */
  isStale(): boolean;
  /** StoreError Unreadable: why the value, which is empty then, cannot be had. */
  readonly failure?: StoreError;
}

export type StoreEvent =
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: Uint8Array;
      readonly revision: number;
      readonly created: boolean;
      readonly encryption?: Encryption;
    }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number };

/** `durable`: acknowledged only when it is on disk. `write-behind`: acknowledged at once, flushed in batches; may be lost in a crash. */
export type Persistence = 'durable' | 'write-behind';

export interface Store {
  get(key: string): Promise<Entry | undefined>;
  /**
   * Entries under the prefix in key order, and the revision that they are consistent with. `after`: exclusive start key.
   * Fewer entries than `limit` means that there are no more. Values may share one allocation: copy what is to be kept for long.
   */
  list(prefix: string, options?: { limit?: number; after?: string }): Promise<{ entries: Entry[]; revision: number }>;
  /**
   * Writes if the key's revision is still `expected` (0: the key must not exist). Checked against committed plus queued
   * writes. Resolves with the new revision after `persistence` is met and after the event was handed to every subscriber.
   * The value is handed over: the caller no longer changes it. Rejects with StoreError Conflict, or Unavailable when the
   * backend failed: then nothing was written, unless the connection to the disk or the server was lost on the way.
   */
  put(key: string, value: Uint8Array, options: { expected: number; persistence?: Persistence }): Promise<number>;
  /** Deletes if the key's revision is still `expected`. Rejects with StoreError NotFound or Conflict. */
  delete(key: string, options: { expected: number; persistence?: Persistence }): Promise<number>;
  /**
   * Every event with a revision above the store's revision at the time of the call, in order, handed over synchronously before the
   * write that caused it resolves. A `put` of a revision that was told before says that its value can be read now, which it could not be. The listener must not throw. `lost` is called once when the backend can no longer tell
   * what happened (a lost etcd watch): the subscriber lists again.
   */
  subscribe(listener: { event(event: StoreEvent): void; lost?(): void }): Disposable;
  /** The newest revision that is visible to readers. */
  revision(): Promise<number>;
  /** Forgets history up to the revision, for backends that keep any. */
  compact(revision: number): Promise<void>;
  /** Flushes everything that is queued and releases the backend. Later calls reject with StoreError Closed. */
  close(): Promise<void>;
}

export type StoreErrorReason = 'Conflict' | 'NotFound' | 'Expired' | 'Closed' | 'Unavailable' | 'TooSlow' | 'Unreadable' | 'TooLarge';

export class StoreError extends Error {
  readonly reason: StoreErrorReason;
  constructor(reason: StoreErrorReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.reason = reason;
  }
}

export const isStoreConflict = (e: unknown): boolean => e instanceof StoreError && e.reason === 'Conflict';
export const isStoreNotFound = (e: unknown): boolean => e instanceof StoreError && e.reason === 'NotFound';
export const isStoreExpired = (e: unknown): boolean => e instanceof StoreError && e.reason === 'Expired';
export const isTooSlow = (e: unknown): boolean => e instanceof StoreError && e.reason === 'TooSlow';
export const isUnreadable = (e: unknown): boolean => e instanceof StoreError && e.reason === 'Unreadable';
export const isStoreTooLarge = (e: unknown): boolean => e instanceof StoreError && e.reason === 'TooLarge';
