/**
 * The watch cache's port: the current state of one resource in memory, its recent history, and its fan-out to watchers.
 * The API server's registry reads and writes through it alone. It is generic over the object: it knows no kinds.
 */

import type { Persistence } from '../store.ts';
import type { CollectionActivity } from './activity.ts';

/** Where bytes are copied from: memory, or what is put together as it is copied. */
export type Memory = Pick<Buffer, 'copy' | 'subarray'>;

/** Bytes that lie among others. They stay as they are as long as the memory is held. */
export interface Span {
  readonly memory: Memory;
  readonly from: number;
  readonly length: number;
}

/** One object at one revision. Shared by every reader: never changed. */
export interface Cached<T> {
  readonly key: string;
  readonly revision: number;
  /** It lies in the store in a form that is no longer written (encrypted with a former key): writing the same state again is not for nothing. */
  readonly stale?: boolean;
  /** The object's JSON with metadata.resourceVersion spliced in: served as it is to every GET, LIST and WATCH. Throws StoreError Unreadable. */
  readonly bytes: Buffer;
  /** Where `bytes` are, if they are part of something larger: to copy them from there costs a tenth of a view of them. */
  readonly span?: Span;
  /**
   * The parsed object, deeply frozen, with metadata.resourceVersion. Parsed on first use, and again when nobody held it for a
   * while: hold the object itself, not the Cached, where identity matters.
   */
  readonly object: T;
}

export interface CollectionEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The object after the event; for DELETED its last state, stamped with the revision of the deletion. */
  readonly item: Cached<T>;
  /** The state before the event: selectors need it to turn a change into ADDED or DELETED for a filtered watcher. */
  readonly previous: Cached<T> | undefined;
  readonly revision: number;
}

export interface ListOptions<T> {
  /** Only keys under this prefix; the whole collection when absent. Ends in `/` for a namespace. */
  readonly prefix?: string;
  /** Index lookup instead of a scan: only items whose index value equals `value`. */
  readonly index?: { readonly name: string; readonly value: string };
  readonly matches?: (object: T, item: Cached<T>) => boolean;
  readonly limit?: number;
  /** Exclusive start: the key after which the page begins (from a continue token). */
  readonly after?: string;
  /**
   * The revision whose snapshot is to be read (paging, resourceVersionMatch=Exact). `list` throws StoreError Expired when the
   * history does not reach back to it, Unavailable when it is still to come (see waitFor).
   */
  readonly atRevision?: number;
}

export interface Page<T> {
  readonly items: readonly Cached<T>[];
  /** The revision that the whole page is consistent with. */
  readonly revision: number;
  /** Set when the page is full and there is more, whether or not that matches: the last key of this page. */
  readonly nextAfter?: string;
  /** Items after this page, where cheap to know (no selector). */
  readonly remaining?: number;
}

/**
 * A watcher. Wait with `ready`, then pull with `take`; the queue behind it is bounded. (Two calls, since a watcher that is woken by a promise of its events
 * would miss those that the same commit brings after the first.)
 */
export interface Watcher<T> extends Disposable {
  /** Resolves when there are events, when `wake` was called, and when the watcher is closed. One call at a time. */
  ready(): Promise<void>;
  /**
   * The events since the last call, in order; undefined when the watcher was closed by `dispose`. Throws StoreError TooSlow when the queue overflowed
   * (the watcher is then closed).
   */
  take(): readonly CollectionEvent<T>[] | undefined;
  /** Lets whoever waits for events do something else. */
  wake(): void;
  /** The revision up to which this watcher has seen everything: what a bookmark says. */
  progress(): number;
}

export interface Collection<T> {
  get(key: string): Cached<T> | undefined;
  list(options?: ListOptions<T>): Page<T>;
  /**
   * Events after `fromRevision`, in order, none lost. Throws StoreError Expired when the history does not reach back that far;
   * after a start it reaches back to the revision that was loaded. "Any" (resourceVersion 0 or none) is the caller's business:
   * list, then watch from the page's revision.
   * No filter here: `CollectionEvent.previous` lets the caller filter and re-type per selector.
   */
  watch(options: { prefix?: string; fromRevision: number }): Watcher<T>;
  /**
   * Serialises, writes and returns the new state, visible to every reader by the time it resolves. `expected`: revision of the
   * state that the change was made on, 0 for create. Rejects with StoreError Conflict. The object is deeply frozen: hand it over.
   * Parts that are frozen already count as deeply frozen. A resourceVersion that it carries is replaced. `persistence`: of this one write, instead of the collection's.
   */
  put(key: string, object: T, options: { expected: number; persistence?: Persistence }): Promise<Cached<T>>;
  /** Resolves with the last state, stamped with the deletion's revision. */
  delete(key: string, options: { expected: number }): Promise<Cached<T>>;
  /** The revision that reads are consistent with now. */
  readonly revision: number;
  /** Resolves when the cache has reached the revision; rejects with StoreError Unavailable after `timeoutMs`. */
  waitFor(revision: number, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /** Number of objects now. */
  readonly size: number;
  readonly activity: CollectionActivity;
}

export interface CollectionOptions<T> {
  /** Key prefix of the collection, ending in `/`. */
  readonly prefix: string;
  readonly persistence?: Persistence;
  /** index name -> the values under which an object is found. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /** Reads an object's JSON, sharing with others what is equal; JSON.parse when absent. */
  readonly parse?: (text: string) => T;
}

/** All collections of one store, fed by one subscription. `open` loads what the store has and is called once per prefix. */
export interface WatchCache {
  open<T extends object>(options: CollectionOptions<T>): Promise<Collection<T>>;
  /** Ends the collection's watchers, as if they had been disposed of. They may begin again. */
  endWatchers(prefix: string): void;
  /** Ends the collection's watchers and forgets its state; what the store has stays. It may be opened again. */
  release(prefix: string): void;
  /** Newest revision over all collections. */
  readonly revision: number;
  close(): Promise<void>;
}
