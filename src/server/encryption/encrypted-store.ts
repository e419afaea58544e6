import { type Entry, type Store, StoreError, type StoreEvent } from '../../store/store.ts';
import type { EncryptionPlan } from './configuration-plan.ts';
import { type Transformer, transformersOf } from './transformer.ts';

/**
 * A store whose values lie encrypted in the one below, for the resources that the plan names. It sits under the watch cache, which
 * keeps on serving plain bytes from memory: a value is sealed once when it is written and opened once when it is loaded.
 * Values that cannot be opened are entries with a `condition`, so that all others can be read.
 */
export function encryptedStore(below: Store, plan: EncryptionPlan): Store {
  return new EncryptedStore(below, plan);
}

type PutEvent = StoreEvent & { type: 'put' };

class EncryptedStore implements Store {
  readonly #below: Store;
  readonly #choose: ReturnType<typeof transformersOf>;
  readonly #byCollection = new Map<string, Transformer | undefined>();
  /** Sealed -> plain, of writes under way: their events carry the writer's own buffer again, by which the watch cache knows it. */
  readonly #underWay = new Map<Uint8Array, Uint8Array>();

  constructor(below: Store, plan: EncryptionPlan) {
    this.#below = below;
    this.#choose = transformersOf(plan);
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#below.get(key);
    return entry && this.#opened(entry);
  }

  async list(prefix: string, options?: { limit?: number; after?: string }): Promise<{ entries: Entry[]; revision: number }> {
    const { entries, revision } = await this.#below.list(prefix, options);
    return { entries: entries.map((entry) => this.#opened(entry)), revision };
  }

  async put(key: string, value: Uint8Array, options: Parameters<Store['put']>[2]): Promise<number> {
    const transformer = this.#transformerOf(key);
    if (!transformer) return this.#below.put(key, value, options);
    const sealed = transformer.toStored(value, key);
    this.#underWay.set(sealed, value);
    try {
      return await this.#below.put(key, sealed, options);
    } finally {
      this.#underWay.delete(sealed);
    }
  }

  delete(key: string, options: Parameters<Store['delete']>[1]): Promise<number> {
    return this.#below.delete(key, options);
  }

  subscribe(listener: Parameters<Store['subscribe']>[0]): Disposable {
    return this.#below.subscribe({
      event: (event) => listener.event(event.type === 'put' ? this.#openedEvent(event) : event),
      lost: () => listener.lost?.(),
    });
  }

  revision(): Promise<number> {
    return this.#below.revision();
  }

  compact(revision: number): Promise<void> {
    return this.#below.compact(revision);
  }

  close(): Promise<void> {
    return this.#below.close();
  }

  #openedEvent(event: PutEvent): PutEvent {
    const value = this.#underWay.get(event.value);
    return value ? { ...event, value } : this.#opened(event);
  }

  #opened<T extends Entry>(entry: T): T {
    const transformer = this.#transformerOf(entry.key);
    if (!transformer) return entry;
    try {
      const { value, stale } = transformer.fromStored(entry.value, entry.key);
      return { ...entry, value, ...(stale && { condition: 'stale' }) };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const condition = new StoreError('Unreadable', `unable to transform key ${JSON.stringify(entry.key)}: ${why}`, { cause });
      return { ...entry, value: new Uint8Array(), condition };
    }
  }

  /** Keys are `/registry/<group>/<plural>/…`, `core` for the group without a name. */
  #transformerOf(key: string): Transformer | undefined {
    const collection = key.slice(0, key.indexOf('/', key.indexOf('/', key.indexOf('/', 1) + 1) + 1));
    if (this.#byCollection.has(collection)) return this.#byCollection.get(collection);
    const [, , group = '', plural = ''] = collection.split('/');
    const transformer = this.#choose(group === 'core' ? '' : group, plural);
    this.#byCollection.set(collection, transformer);
    return transformer;
  }
}
