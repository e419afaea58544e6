import { type Encryption, StoreError } from '../store.ts';
import type { Cached, Span } from './collection.ts';
import type { Kept, Originals } from './originals.ts';
import { restamp, spliceRevision, withRevision } from './resource-version.ts';

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
  readonly originals: Originals;
  readonly thaw: Thaw<T>;
}

/**
 * One object at one revision. The bytes are the state; the parsed object is held weakly, so that memory holds it only while
 * somebody uses it (an informer, a request), and is parsed anew when asked for after that.
 */
export class Item<T extends object> implements Cached<T> {
  readonly key: string;
  readonly revision: number;
  readonly #encryption: Encryption | undefined;
  readonly #shelf: Shelf<T>;
  readonly #state: Kept | StoreError;
  #object: WeakRef<T> | undefined;

  private constructor(
    { key, revision }: { readonly key: string; readonly revision: number },
    state: Kept | StoreError,
    shelf: Shelf<T>,
    { object, encryption }: { object?: T; encryption?: Encryption } = {},
  ) {
    this.key = key;
    this.revision = revision;
    this.#encryption = encryption;
    this.#state = state;
    this.#shelf = shelf;
    this.#object = object && new WeakRef(object);
  }

  /** An entry that cannot be read becomes an item whose state throws StoreError Unreadable to whoever asks for it. */
  static fromStored<T extends object>(entry: StoredState, shelf: Shelf<T>): Item<T> {
    const { value, encryption } = entry;
    return new Item<T>(entry, encryption?.failure ?? stateOf(value, entry, shelf), shelf, { encryption });
  }

  /** `object` is deeply frozen and is what `stored` was made of. */
  static fromWrite<T extends object>({ key, revision, value, encryption }: StoredState, object: T, shelf: Shelf<T>): Item<T> {
    const state = shelf.originals.put(key, spliceRevision(value, revision));
    return new Item<T>({ key, revision }, state, shelf, { object: withRevision(object, revision), encryption });
  }

  get stale(): boolean {
    return this.#encryption?.isStale() ?? false;
  }

  /** This state, stamped with the revision of its deletion. */
  deletedAt(revision: number): Item<T> {
    const { held, key } = this;
    const state = this.#shelf.originals.put(key, restamp(this.bytes, revision));
    return new Item<T>({ key, revision }, state, this.#shelf, { object: held && withRevision(held, revision) });
  }

  get bytes(): Buffer {
    const { memory, from, length } = this.span;
    return memory.subarray(from, from + length);
  }

  get span(): Span {
    if (this.#state instanceof StoreError) throw this.#state;
    return this.#state.span;
  }

  /** Of `bytes`; 0 where there are none. */
  get length(): number {
    return this.#state instanceof StoreError ? 0 : this.#state.length;
  }

  /** Nobody will find it any more: neither as the current state nor in the history. */
  release(): void {
    if (!(this.#state instanceof StoreError)) this.#shelf.originals.release(this.key, this.#state);
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

/** A cipher without authentication may open to rubbish: that is one object lost, not the collection. */
function stateOf<T>(value: Uint8Array, { key, revision }: StoredState, shelf: Shelf<T>): Kept | StoreError {
  try {
    return shelf.originals.put(key, spliceRevision(value, revision));
  } catch (cause) {
    return new StoreError('Unreadable', `unable to decode key ${JSON.stringify(key)}: it holds no object`, { cause });
  }
}
