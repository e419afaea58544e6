import { compareKeys } from '../key-order.ts';
import { type Entry, type Persistence, type Store, StoreError, type StoreEvent } from '../store.ts';
import { type StoreListener, Subscribers } from '../subscribers.ts';

/** A store that forgets everything at its end: tests and `minik dev`. Every write is committed in the call that makes it. */
export function memoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>();
  readonly #subscribers = new Subscribers();
  #revision = 1;
  #closed = false;

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    return this.#entries.get(key);
  }

  async list(prefix: string, { limit, after }: { limit?: number; after?: string } = {}): Promise<{ entries: Entry[]; revision: number }> {
    this.#assertOpen();
    const entries: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.key.startsWith(prefix) && (after === undefined || compareKeys(entry.key, after) > 0)) entries.push(entry);
    }
    entries.sort((a, b) => compareKeys(a.key, b.key));
    return { entries: limit === undefined ? entries : entries.slice(0, limit), revision: this.#revision };
  }

  async put(key: string, value: Uint8Array, { expected }: { expected: number; persistence?: Persistence }): Promise<number> {
    this.#assertOpen();
    const current = this.#entries.get(key)?.revision ?? 0;
    if (current !== expected) throw new StoreError('Conflict', `${key} is at revision ${current}, not ${expected}`);
    const revision = ++this.#revision;
    this.#entries.set(key, { key, value, revision });
    this.#publish({ type: 'put', key, value, revision, created: expected === 0 });
    return revision;
  }

  async delete(key: string, { expected }: { expected: number; persistence?: Persistence }): Promise<number> {
    this.#assertOpen();
    const current = this.#entries.get(key)?.revision;
    if (current === undefined) throw new StoreError('NotFound', `${key} does not exist`);
    if (current !== expected) throw new StoreError('Conflict', `${key} is at revision ${current}, not ${expected}`);
    const revision = ++this.#revision;
    this.#entries.delete(key);
    this.#publish({ type: 'delete', key, revision });
    return revision;
  }

  subscribe(listener: StoreListener): Disposable {
    return this.#subscribers.subscribe(listener);
  }

  async revision(): Promise<number> {
    this.#assertOpen();
    return this.#revision;
  }

  async compact(): Promise<void> {
    this.#assertOpen();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #publish(event: StoreEvent): void {
    this.#subscribers.publish(event);
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('Closed', 'the store is closed');
  }
}
