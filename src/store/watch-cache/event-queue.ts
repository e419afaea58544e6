import { StoreError } from '../store.ts';
import type { CollectionEvent, Watcher } from './collection.ts';

interface QueueOptions<T> {
  readonly prefix: string;
  readonly fromRevision: number;
  /** Events of the past to begin with. They do not count against the limit: the history bounds them. */
  readonly backlog: CollectionEvent<T>[];
  readonly limit: number;
  /** The revision that the cache has reached. */
  readonly reached: () => number;
  /** The error that ended it; absent when it was disposed of. */
  readonly onEnd: (error?: StoreError) => void;
}

type QueueState = { readonly at: 'open' } | { readonly at: 'disposed' } | { readonly at: 'failed'; readonly error: StoreError };

/** One watcher's bounded queue. */
export class EventQueue<T> implements Watcher<T> {
  readonly #options: QueueOptions<T>;
  readonly #limit: number;
  #state: QueueState = { at: 'open' };
  #events: CollectionEvent<T>[];
  #isWoken = false;
  #resolve: (() => void) | undefined;

  constructor(options: QueueOptions<T>) {
    this.#options = options;
    this.#events = options.backlog.filter((event) => event.item.key.startsWith(options.prefix));
    this.#limit = options.limit + this.#events.length;
  }

  push(event: CollectionEvent<T>): void {
    if (this.#state.at !== 'open' || event.revision <= this.#options.fromRevision) return;
    if (!event.item.key.startsWith(this.#options.prefix)) return;
    if (this.#events.length >= this.#limit) {
      this.fail(new StoreError('TooSlow', `the watcher fell ${this.#events.length} events behind`));
      return;
    }
    this.#events.push(event);
    this.#rouse();
  }

  fail(error: StoreError): void {
    this.#end({ at: 'failed', error });
  }

  ready(): Promise<void> {
    if (this.#state.at !== 'open' || this.#events.length > 0 || this.#isWoken) return Promise.resolve();
    if (this.#resolve) throw new Error('one call of ready at a time');
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  take(): readonly CollectionEvent<T>[] | undefined {
    if (this.#state.at === 'failed') throw this.#state.error;
    if (this.#state.at === 'disposed') return undefined;
    this.#isWoken = false;
    const batch = this.#events;
    this.#events = [];
    return batch;
  }

  wake(): void {
    this.#isWoken = true;
    this.#rouse();
  }

  progress(): number {
    const oldest = this.#events[0];
    return Math.max(this.#options.fromRevision, oldest ? oldest.revision - 1 : this.#options.reached());
  }

  [Symbol.dispose](): void {
    this.#end({ at: 'disposed' });
  }

  #end(state: QueueState): void {
    if (this.#state.at !== 'open') return;
    this.#state = state;
    this.#events = [];
    this.#options.onEnd(state.at === 'failed' ? state.error : undefined);
    this.#rouse();
  }

  #rouse(): void {
    this.#resolve?.();
    this.#resolve = undefined;
  }
}
