import type { Clock } from '../../base/clock.ts';
import { type Entry, isTooSlow, type Persistence, type Store, StoreError, type StoreEvent } from '../store.ts';
import { CollectionActivity } from './activity.ts';
import type { Cached, Collection, CollectionOptions, ListOptions, Page, Watcher } from './collection.ts';
import { EventHistory, type HistoryLimits, type ItemEvent } from './event-history.ts';
import { EventQueue } from './event-queue.ts';
import { freezeLike } from './frozen.ts';
import { Item, type Shelf } from './item.ts';
import { type Overlay, readPage } from './ordered-read.ts';
import { Originals } from './originals.ts';
import { encodeStored } from './resource-version.ts';
import type { RevisionWaiters } from './revision-waiters.ts';
import { Siblings } from './siblings.ts';
import { Slabs } from './slabs.ts';
import { SortedKeys } from './sorted-keys.ts';
import { ValueIndex } from './value-index.ts';

export interface CollectionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly progress: RevisionWaiters;
  readonly history: HistoryLimits;
  readonly queueLimit: number;
}

/** A write of ours that the store has not told about yet: the event then takes the object instead of parsing bytes. */
interface HandedOver<T extends object> {
  readonly object: T;
  item?: Item<T>;
}

interface PendingDelete<T extends object> {
  readonly expected: number;
  item?: Item<T>;
}

/** etcd's default limit on requests, which is what bounds objects upstream. */
const VALUE_LIMIT_BYTES = 1.5 * 1024 * 1024;

const NO_OVERLAY: Overlay<never> = new Map();

export class CachedCollection<T extends object> implements Collection<T> {
  readonly activity = new CollectionActivity();
  readonly #options: CollectionOptions<T>;
  readonly #parts: CollectionParts;
  #shelf: Shelf<T>;
  readonly #items = new Map<string, Item<T>>();
  readonly #keys = new SortedKeys();
  readonly #siblings = new Siblings<T>();
  readonly #indexes: ReadonlyMap<string, ValueIndex<T>>;
  readonly #history: EventHistory<T>;
  readonly #queues = new Set<EventQueue<T>>();
  readonly #puts = new Map<Uint8Array, HandedOver<T>>();
  readonly #deletes = new Map<string, PendingDelete<T>[]>();

  constructor(options: CollectionOptions<T>, parts: CollectionParts) {
    this.#options = options;
    this.#parts = parts;
    const parse: (text: string) => T = options.parse ?? JSON.parse;
    this.#shelf = { originals: new Originals(new Slabs()), thaw: (key, json) => this.#frozen(key, parse(json), undefined) };
    this.#indexes = new Map(Object.entries(options.indexes ?? {}).map(([name, valuesOf]) => [name, new ValueIndex(valuesOf)]));
    this.#history = new EventHistory({ clock: parts.clock, limits: parts.history, floor: 0 });
  }

  get revision(): number {
    return this.#parts.progress.revision;
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: string): Cached<T> | undefined {
    return this.#items.get(key);
  }

  list(options: ListOptions<T> = {}): Page<T> {
    const revision = options.atRevision ?? this.revision;
    if (revision > this.revision) throw new StoreError('Unavailable', `Too large resource version: ${revision}, current: ${this.revision}`);
    const overlay: Overlay<T> = revision === this.revision ? NO_OVERLAY : this.#history.undo(revision);
    const state = { items: this.#items, keys: this.#keys, indexes: this.#indexes };
    return { ...readPage(state, overlay, options.prefix ?? this.#options.prefix, options), revision };
  }

  watch({ prefix = this.#options.prefix, fromRevision }: { prefix?: string; fromRevision: number }): Watcher<T> {
    const queue: EventQueue<T> = new EventQueue<T>({
      prefix,
      fromRevision,
      backlog: this.#history.since(fromRevision),
      limit: this.#parts.queueLimit,
      reached: () => this.revision,
      onEnd: (error) => {
        this.#queues.delete(queue);
        if (isTooSlow(error)) this.activity.watchersTerminated += 1;
      },
    });
    this.#queues.add(queue);
    return queue;
  }

  async put(
    key: string,
    object: T,
    { expected, persistence = this.#options.persistence }: { expected: number; persistence?: Persistence | undefined },
  ): Promise<Cached<T>> {
    const stored = encodeStored(object);
    if (stored.length > VALUE_LIMIT_BYTES) throw new StoreError('TooLarge', 'etcdserver: request is too large');
    const handed: HandedOver<T> = { object: this.#frozen(key, object, this.#items.get(key)?.held) };
    this.#puts.set(stored, handed);
    const calls = this.activity.calls[expected === 0 ? 'create' : 'update'];
    const startedMs = this.#parts.clock.monotonic();
    try {
      const revision = await this.#parts.store.put(key, stored, { expected, persistence });
      return handed.item ?? Item.fromWrite({ key, revision, value: stored }, handed.object, this.#shelf);
    } catch (error) {
      calls.failed(error);
      throw error;
    } finally {
      calls.seconds.observe(this.#secondsSince(startedMs));
      this.#puts.delete(stored);
    }
  }

  async delete(key: string, { expected }: { expected: number }): Promise<Cached<T>> {
    const pending: PendingDelete<T> = { expected };
    const waiting = this.#deletes.get(key) ?? [];
    this.#deletes.set(key, [...waiting, pending]);
    const calls = this.activity.calls.delete;
    const startedMs = this.#parts.clock.monotonic();
    try {
      await this.#parts.store.delete(key, { expected, persistence: this.#options.persistence });
      if (!pending.item) throw new StoreError('Unavailable', `the store deleted ${key} without telling what was deleted`);
      return pending.item;
    } catch (error) {
      calls.failed(error);
      throw error;
    } finally {
      calls.seconds.observe(this.#secondsSince(startedMs));
      const left = (this.#deletes.get(key) ?? []).filter((p) => p !== pending);
      if (left.length > 0) this.#deletes.set(key, left);
      else this.#deletes.delete(key);
    }
  }

  waitFor(revision: number, options: { timeoutMs: number; signal: AbortSignal }): Promise<void> {
    return this.#parts.progress.waitFor(revision, options);
  }

  /** A page of what the store has of the collection. */
  async readStored(options: { readonly limit: number; readonly after: string | undefined }): ReturnType<Store['list']> {
    const calls = this.activity.calls.list;
    const startedMs = this.#parts.clock.monotonic();
    try {
      return await this.#parts.store.list(this.#options.prefix, options);
    } catch (error) {
      calls.failed(error);
      throw error;
    } finally {
      calls.seconds.observe(this.#secondsSince(startedMs));
    }
  }

  /** Takes what the store's event says into the state. The cache has advanced to the event's revision already. */
  apply(event: StoreEvent): ItemEvent<T> | undefined {
    this.activity.eventsReceived += 1;
    const previous = this.#items.get(event.key);
    if (event.type === 'delete') return previous && this.#applyDelete(previous, event.revision);
    const item = this.#itemOf(event);
    this.#set(item);
    return { type: previous ? 'MODIFIED' : 'ADDED', item, previous, revision: event.revision };
  }

  /** Tells watchers of now and of later. */
  announce(event: ItemEvent<T>): void {
    this.activity.eventsDispatched += 1;
    this.#history.push(event);
    for (const queue of this.#queues) queue.push(event);
  }

  /** An entry of the first listing; what events said about its key since counts more. */
  load(entry: Entry): void {
    this.#set(Item.fromStored(entry, this.#shelf));
  }

  /**
   * Is the event about a state that is here already? Then what could not be read can be now, and nobody is told: whoever lists what cannot be read gets an error, and
   * asks again.
   */
  knows(event: StoreEvent): boolean {
    if (event.type !== 'put' || this.#items.get(event.key)?.revision !== event.revision) return false;
    this.load(event);
    return true;
  }

  /** Nothing is known about the time up to the revision: watches from before it are Expired. */
  beginHistory(revision: number): void {
    this.activity.initializations += 1;
    this.#history.restart(revision);
  }

  /** Forgets the state and ends every watcher: it is loaded anew. */
  reset(): void {
    this.#items.clear();
    this.#shelf = { ...this.#shelf, originals: new Originals(new Slabs()) };
    this.#keys.clear();
    for (const index of this.#indexes.values()) index.clear();
    this.#history.restart(Number.MAX_SAFE_INTEGER);
    this.endWatchers(new StoreError('Expired', 'the watch history was lost: list again'));
  }

  disposeWatchers(): void {
    for (const queue of [...this.#queues]) queue[Symbol.dispose]();
  }

  endWatchers(error: StoreError): void {
    for (const queue of [...this.#queues]) queue.fail(error);
  }

  #secondsSince(startedMs: number): number {
    return (this.#parts.clock.monotonic() - startedMs) / 1000;
  }

  /** Shares in memory what is equal in `before`, or else in the object of a similar name that was seen last. */
  #frozen(key: string, object: T, before: T | undefined): T {
    const frozen = freezeLike(object, before ?? this.#siblings.of(key));
    if (!before) this.#siblings.remember(key, frozen);
    return frozen;
  }

  #itemOf(event: StoreEvent & { type: 'put' }): Item<T> {
    const handed = this.#puts.get(event.value);
    if (!handed) return Item.fromStored(event, this.#shelf);
    handed.item = Item.fromWrite(event, handed.object, this.#shelf);
    return handed.item;
  }

  #applyDelete(previous: Item<T>, revision: number): ItemEvent<T> {
    this.#items.delete(previous.key);
    this.#keys.delete(previous.key);
    for (const index of this.#indexes.values()) index.delete(previous.key);
    // Of several deletes of one state the store accepts the first.
    const pending = this.#deletes.get(previous.key)?.find((p) => p.expected === previous.revision && !p.item);
    const item = previous.deletedAt(revision);
    if (pending) pending.item = item;
    return { type: 'DELETED', item, previous, revision };
  }

  #set(item: Item<T>): void {
    if (!this.#items.has(item.key)) this.#keys.add(item.key);
    this.#items.set(item.key, item);
    for (const index of this.#indexes.values()) index.set(item);
  }
}
