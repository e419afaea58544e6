import type { StoreEvent } from './store.ts';

export interface StoreListener {
  event(event: StoreEvent): void;
  lost?(): void;
}

/** The listeners of one store. Every listener sees every event in the order of `publish`, also when a listener writes again. */
export class Subscribers {
  #listeners: readonly StoreListener[] = [];
  readonly #queue: StoreEvent[] = [];
  #draining = false;

  subscribe(listener: StoreListener): Disposable {
    const own = { event: (event: StoreEvent) => listener.event(event), lost: () => listener.lost?.() };
    this.#listeners = [...this.#listeners, own];
    return {
      [Symbol.dispose]: () => {
        this.#listeners = this.#listeners.filter((l) => l !== own);
      },
    };
  }

  publish(event: StoreEvent): void {
    this.#queue.push(event);
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        for (const listener of this.#listeners) listener.event(next);
      }
    } finally {
      this.#draining = false;
    }
  }
}
