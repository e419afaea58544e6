import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type Store, StoreError, type StoreEvent } from '../store.ts';
import { CachedCollection, type CollectionParts } from './cached-collection.ts';
import type { Collection, CollectionOptions, WatchCache } from './collection.ts';
import { RevisionWaiters } from './revision-waiters.ts';

export interface WatchCacheOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Events kept per collection for watches to resume from. Shorter history makes slow watchers list again. */
  readonly historyEvents?: number;
  /** Bytes of object states that the history of one collection may hold. */
  readonly historyBytes?: number;
  /** Age at which events are forgotten; etcd's default compaction keeps as long. */
  readonly historyAgeMs?: number;
  /** Events that wait for one watcher before it is closed as too slow. */
  readonly queueLimit?: number;
}

const HISTORY_EVENTS = 10_000;
const HISTORY_BYTES = 16 * 1024 * 1024;
const HISTORY_AGE_MS = 5 * 60 * 1000;
const QUEUE_LIMIT = 10_000;
/** Entries read from the store at a time, so that loading holds little twice. */
const LOAD_PAGE_ENTRIES = 500;
const RELOAD_DELAY_MS = 1000;

export function createWatchCache(store: Store, options: WatchCacheOptions): WatchCache {
  return new StoreWatchCache(store, options);
}

/** A collection is fed by events once it is loaded; until then they wait here. */
interface Fed {
  readonly prefix: string;
  readonly collection: CachedCollection<object>;
  loading: StoreEvent[] | undefined;
}

class StoreWatchCache implements WatchCache {
  readonly #log: Logger;
  readonly #parts: CollectionParts;
  readonly #progress: RevisionWaiters;
  readonly #fed = new Map<string, Fed>();
  readonly #subscription: Disposable;

  constructor(store: Store, options: WatchCacheOptions) {
    this.#log = options.log;
    this.#progress = new RevisionWaiters(options.clock);
    this.#parts = {
      store,
      clock: options.clock,
      progress: this.#progress,
      queueLimit: options.queueLimit ?? QUEUE_LIMIT,
      history: {
        events: options.historyEvents ?? HISTORY_EVENTS,
        bytes: options.historyBytes ?? HISTORY_BYTES,
        ageMs: options.historyAgeMs ?? HISTORY_AGE_MS,
      },
    };
    this.#subscription = store.subscribe({ event: (event) => this.#onEvent(event), lost: () => this.#onLost() });
  }

  get revision(): number {
    return this.#progress.revision;
  }

  async open<T extends object>(options: CollectionOptions<T>): Promise<Collection<T>> {
    for (const prefix of this.#fed.keys()) {
      if (prefix.startsWith(options.prefix) || options.prefix.startsWith(prefix)) throw new Error(`${options.prefix} overlaps ${prefix}`);
    }
    const collection = new CachedCollection<T>(options, this.#parts);
    const fed: Fed = { prefix: options.prefix, collection: collection as unknown as CachedCollection<object>, loading: undefined };
    this.#fed.set(options.prefix, fed);
    try {
      await this.#load(fed);
    } catch (error) {
      this.#fed.delete(options.prefix);
      throw error;
    }
    return collection;
  }

  endWatchers(prefix: string): void {
    this.#fed.get(prefix)?.collection.disposeWatchers();
  }

  release(prefix: string): void {
    this.endWatchers(prefix);
    this.#fed.delete(prefix);
  }

  async close(): Promise<void> {
    this.#subscription[Symbol.dispose]();
    for (const { collection } of this.#fed.values()) collection.endWatchers(new StoreError('Closed', 'the watch cache is closed'));
    this.#fed.clear();
  }

  /** Reads page by page; events that come meanwhile are applied at the end where they are newer than what was read. */
  async #load(fed: Fed): Promise<void> {
    const { collection } = fed;
    const arrived: StoreEvent[] = [];
    fed.loading = arrived;
    let after: string | undefined;
    for (;;) {
      const { entries, revision } = await collection.readStored({ limit: LOAD_PAGE_ENTRIES, after });
      if (fed.loading !== arrived) return;
      for (const entry of entries) collection.load(entry);
      this.#progress.advance(revision);
      if (entries.length < LOAD_PAGE_ENTRIES) break;
      after = entries.at(-1)?.key;
    }
    for (const event of arrived) {
      if (event.revision > (collection.get(event.key)?.revision ?? 0)) collection.apply(event);
    }
    collection.beginHistory(this.#progress.revision);
    fed.loading = undefined;
  }

  /** State first, then the revision, then the watchers: whoever is told of a revision can read it. */
  #onEvent(event: StoreEvent): void {
    const fed = this.#fedBy(event.key);
    if (fed?.loading) {
      fed.loading.push(event);
      this.#progress.advance(event.revision);
      return;
    }
    if (fed?.collection.knows(event)) return;
    const change = fed?.collection.apply(event);
    this.#progress.advance(event.revision);
    if (fed && change) fed.collection.announce(change);
  }

  #fedBy(key: string): Fed | undefined {
    for (let slash = key.indexOf('/', 1); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const fed = this.#fed.get(key.slice(0, slash + 1));
      if (fed) return fed;
    }
    return undefined;
  }

  #onLost(): void {
    for (const fed of this.#fed.values()) {
      fed.collection.reset();
      this.#reload(fed);
    }
  }

  /** Goes on until it works: nothing reads well before. */
  #reload(fed: Fed): void {
    this.#load(fed).catch((error) => {
      if (!this.#fed.has(fed.prefix)) return;
      this.#log.error({ error, prefix: fed.prefix }, 'loading the watch cache anew failed');
      this.#parts.clock.timer(RELOAD_DELAY_MS, () => this.#reload(fed));
    });
  }
}
