import { type Encryption, StoreError } from '../store.ts';
import type { Cached, Span } from './collection.ts';
import { type Edit, restamp, spliceRevision, withRevision } from './resource-version.ts';
import { bytesAt, type Place, type Slabs, type Tenant } from './slabs.ts';

interface StoredState {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
  readonly encryption?: Encryption;
}

/** Reads an object's JSON; what it gives is deeply frozen. */
export type Thaw<T> = (key: string, json: string) => T;

/** What all items of a collection share. */
export interface Shelf<T> {
  readonly slabs: Slabs;
  readonly thaw: Thaw<T>;
}

/**
 * One object at one revision. The bytes are the state; the parsed object is held weakly, so that memory holds it only while
 * somebody uses it (an informer, a request), and is parsed anew when asked for after that.
 */
export class Item<T extends object> implements Cached<T>, Tenant {
  readonly key: string;
  readonly revision: number;
  readonly #encryption: Encryption | undefined;
  readonly #shelf: Shelf<T>;
  #state: Place | StoreError;
  #object: WeakRef<T> | undefined;

  private constructor(
    { key, revision }: { readonly key: string; readonly revision: number },
    state: Place | StoreError,
    shelf: Shelf<T>,
    { object, encryption }: { object?: T; encryption?: Encryption } = {},
  ) {
    this.key = key;
    this.revision = revision;
    this.#encryption = encryption;
    this.#state = state;
    this.#shelf = shelf;
    this.#object = object && new WeakRef(object);
    shelf.slabs.settle(this);
  }

  /** An entry that cannot be read becomes an item whose state throws StoreError Unreadable to whoever asks for it. */
  static fromStored<T extends object>(entry: StoredState, shelf: Shelf<T>): Item<T> {
    const { value, encryption } = entry;
    return new Item<T>(entry, encryption?.failure ?? stateOf(value, entry, shelf), shelf, { encryption });
  }

  /** `object` is deeply frozen and is what `stored` was made of. */
  static fromWrite<T extends object>({ key, revision, value, encryption }: StoredState, object: T, shelf: Shelf<T>): Item<T> {
    const state = placed(spliceRevision(value, revision), shelf);
    return new Item<T>({ key, revision }, state, shelf, { object: withRevision(object, revision), encryption });
  }

  get stale(): boolean {
    return this.#encryption?.isStale() ?? false;
  }

  /** This state, stamped with the revision of its deletion. */
  deletedAt(revision: number): Item<T> {
    const { held } = this;
    const state = placed(restamp(this.bytes, revision), this.#shelf);
    return new Item<T>({ key: this.key, revision }, state, this.#shelf, { object: held && withRevision(held, revision) });
  }

  get bytes(): Buffer {
    if (this.#state instanceof StoreError) throw this.#state;
    return bytesAt(this.#state);
  }

  get span(): Span {
    if (this.#state instanceof StoreError) throw this.#state;
    const { slab, from, length } = this.#state;
    return { memory: slab.memory, from, length };
  }

  get place(): Place | undefined {
    return this.#state instanceof StoreError ? undefined : this.#state;
  }

  moveTo(place: Place): void {
    this.#state = place;
  }

  /** Nobody will find it any more: neither as the current state nor in the history. */
  release(): void {
    this.#shelf.slabs.release(this);
  }

  /** The parsed object, if somebody holds it. */
  get held(): T | undefined {
    return this.#object?.deref();
  }

  get object(): T {
    const known = this.#object?.deref();
    if (known) return known;
    const parsed = this.#shelf.thaw(this.key, this.bytes.toString());
    this.#object = new WeakRef(parsed);
    return parsed;
  }
}

const placed = <T>({ length, write }: Edit, { slabs }: Shelf<T>): Place => slabs.put(length, write);

/** A cipher without authentication may open to rubbish: that is one object lost, not the collection. */
function stateOf<T>(value: Uint8Array, { key, revision }: StoredState, shelf: Shelf<T>): Place | StoreError {
  try {
    return placed(spliceRevision(value, revision), shelf);
  } catch (cause) {
    return new StoreError('Unreadable', `unable to decode key ${JSON.stringify(key)}: it holds no object`, { cause });
  }
}
