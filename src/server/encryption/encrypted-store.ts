import { type Encryption, type Entry, type Store, StoreError, type StoreEvent } from '../../store/store.ts';
import type { EncryptionPlan } from './configuration-plan.ts';
import type { KmsProviders } from './providers.ts';
import { PLAIN, type Transformer, transformersOf } from './transformer.ts';

/**
 * A store whose values lie encrypted in the one below, for the resources that the plan names. It sits under the watch cache, which
 * keeps on serving plain bytes from memory: a value is sealed once when it is written and opened once when it is loaded.
 * Values that cannot be opened are entries with a failure, so that all others can be read.
 */
export interface EncryptedStore extends Store {
  /** Tells listeners of the values that could not be opened and can be now. */
  reread(): Promise<void>;
  /** Seals and opens by another plan from now on. Values that lie as the old one had them are out of date, unless the new one has them so too. */
  follow(plan: EncryptionPlan, kms?: KmsProviders): void;
}

export function encryptedStore(below: Store, plan: EncryptionPlan, kms?: KmsProviders): EncryptedStore {
  return new TransformingStore(below, transformersOf(plan, kms));
}

type PutEvent = StoreEvent & { type: 'put' };
type Listener = Parameters<Store['subscribe']>[0];

/** A transformer, and what is known of its values: one object for all values of a form. */
interface Sealing {
  transformer: Transformer;
  readonly forms: Map<string, Encryption>;
}

class TransformingStore implements EncryptedStore {
  readonly #below: Store;
  #choose: ReturnType<typeof transformersOf>;
  readonly #byCollection = new Map<string, Sealing>();
  readonly #listeners = new Set<Listener>();
  /** Keys of values that could not be opened. */
  readonly #unreadable = new Set<string>();
  /** Sealed -> plain, of writes under way: their events carry the writer's own buffer again, by which the watch cache knows it. */
  readonly #underWay = new Map<Uint8Array, Pick<PutEvent, 'value' | 'encryption'>>();

  constructor(below: Store, choose: ReturnType<typeof transformersOf>) {
    this.#below = below;
    this.#choose = choose;
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#below.get(key);
    if (!entry) return undefined;
    await this.#sealingOf(key).transformer.prepare(entry.value);
    return this.#opened(entry);
  }

  async list(prefix: string, options?: { limit?: number; after?: string }): Promise<{ entries: Entry[]; revision: number }> {
    const { entries, revision } = await this.#below.list(prefix, options);
    await Promise.all(entries.map(({ key, value }) => this.#sealingOf(key).transformer.prepare(value)));
    return { entries: entries.map((entry) => this.#opened(entry)), revision };
  }

  async put(key: string, value: Uint8Array, options: Parameters<Store['put']>[2]): Promise<number> {
    const sealing = this.#sealingOf(key);
    const sealed = sealing.transformer.toStored(value, key);
    this.#underWay.set(sealed, { value, encryption: encryptionOf(sealing, sealing.transformer.form()) });
    try {
      return await this.#below.put(key, sealed, options);
    } finally {
      this.#underWay.delete(sealed);
    }
  }

  delete(key: string, options: Parameters<Store['delete']>[1]): Promise<number> {
    return this.#below.delete(key, options);
  }

  subscribe(listener: Listener): Disposable {
    this.#listeners.add(listener);
    const subscription = this.#below.subscribe({
      event: (event) => {
        if (this.#unreadable.size > 0) this.#unreadable.delete(event.key);
        listener.event(event.type === 'put' ? this.#openedEvent(event) : event);
      },
      lost: () => listener.lost?.(),
    });
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        subscription[Symbol.dispose]();
      },
    };
  }

  async reread(): Promise<void> {
    for (const key of [...this.#unreadable]) {
      const entry = await this.get(key);
      // Whoever changed it meanwhile has told of it.
      if (!entry || entry.encryption?.failure || !this.#unreadable.delete(key)) continue;
      for (const listener of this.#listeners) listener.event({ type: 'put', created: false, ...entry });
    }
  }

  follow(plan: EncryptionPlan, kms?: KmsProviders): void {
    this.#choose = transformersOf(plan, kms);
    for (const [collection, sealing] of this.#byCollection) sealing.transformer = this.#transformerOf(collection);
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
    const written = this.#underWay.get(event.value);
    return written ? { ...event, ...written } : this.#opened(event);
  }

  #opened<T extends Entry>(entry: T): T {
    const sealing = this.#sealingOf(entry.key);
    try {
      const { value, form } = sealing.transformer.fromStored(entry.value, entry.key);
      return { ...entry, value, encryption: encryptionOf(sealing, form) };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#unreadable.add(entry.key);
      const failure = new StoreError('Unreadable', `unable to transform key ${JSON.stringify(entry.key)}: ${why}`, { cause });
      return { ...entry, value: new Uint8Array(), encryption: { isStale: () => false, failure } };
    }
  }

  /** Keys are `/registry/<group>/<plural>/…`, `core` for the group without a name. */
  #sealingOf(key: string): Sealing {
    const collection = key.slice(0, key.indexOf('/', key.indexOf('/', key.indexOf('/', 1) + 1) + 1));
    const known = this.#byCollection.get(collection);
    if (known) return known;
    const sealing = { transformer: this.#transformerOf(collection), forms: new Map() };
    this.#byCollection.set(collection, sealing);
    return sealing;
  }

  #transformerOf(collection: string): Transformer {
    const [, , group = '', plural = ''] = collection.split('/');
    return this.#choose(group === 'core' ? '' : group, plural) ?? PLAIN;
  }
}

function encryptionOf(sealing: Sealing, form: string): Encryption {
  const known = sealing.forms.get(form);
  if (known) return known;
  const encryption = { isStale: () => sealing.transformer.form() !== form };
  sealing.forms.set(form, encryption);
  return encryption;
}
