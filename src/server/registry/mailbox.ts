import type { CollectionEvent, Watcher } from '../../store/watch-cache/collection.ts';

/** What wakes a watch: events, a tick of one of its timers, or its end. */
export type Mail<T> =
  | { readonly type: 'events'; readonly events: readonly CollectionEvent<T>[] }
  | { readonly type: 'tick'; readonly name: 'bookmark' | 'timeout' }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly error: unknown };

/**
 * Joins a watcher with timers so that one loop can wait for whichever comes first. (Promise.race would pile up reactions on the promise
 * that keeps losing.) One reader at a time.
 */
export class Mailbox<T> {
  readonly #watcher: Watcher<T>;
  readonly #waiting: Mail<T>[] = [];
  #pulling = false;
  #wake: ((mail: Mail<T>) => void) | undefined;

  constructor(watcher: Watcher<T>) {
    this.#watcher = watcher;
  }

  deliver(mail: Mail<T>): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) wake(mail);
    else this.#waiting.push(mail);
  }

  next(): Promise<Mail<T>> {
    const ready = this.#waiting.shift();
    if (ready) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#pull();
    });
  }

  #pull(): void {
    if (this.#pulling) return;
    this.#pulling = true;
    const settle = (mail: Mail<T>) => {
      this.#pulling = false;
      this.deliver(mail);
    };
    this.#watcher.next().then(
      (events) => settle(events ? { type: 'events', events } : { type: 'closed' }),
      (error: unknown) => settle({ type: 'failed', error }),
    );
  }
}
