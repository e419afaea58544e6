import { type Condition, StoreError } from '../store.ts';
import type { Cached } from './collection.ts';
import { restamp, spliceRevision, withRevision } from './resource-version.ts';

interface StoredState {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
  readonly condition?: Condition;
}

/** A cipher without authentication may open to rubbish: that is one object lost, not the collection. */
function stateOf(value: Uint8Array, { key, revision }: StoredState): Buffer | StoreError {
  try {
    return spliceRevision(value, revision);
  } catch (cause) {
    return new StoreError('Unreadable', `unable to decode key ${JSON.stringify(key)}: it holds no object`, { cause });
  }
}

/** Reads an object's JSON; what it gives is deeply frozen. */
export type Thaw<T> = (key: string, json: string) => T;

/**
 * One object at one revision. The bytes are the state; the parsed object is held weakly, so that memory holds it only while
 * somebody uses it (an informer, a request), and is parsed anew when asked for after that.
 */
export class Item<T extends object> implements Cached<T> {
  readonly key: string;
  readonly revision: number;
  readonly stale: boolean;
  readonly #bytes: Buffer | StoreError;
  readonly #thaw: Thaw<T>;
  #object: WeakRef<T> | undefined;

  private constructor(
    key: string,
    revision: number,
    bytes: Buffer | StoreError,
    thaw: Thaw<T>,
    { object, stale = false }: { object?: T; stale?: boolean } = {},
  ) {
    this.key = key;
    this.revision = revision;
    this.stale = stale;
    this.#bytes = bytes;
    this.#thaw = thaw;
    this.#object = object && new WeakRef(object);
  }

  /** An entry that cannot be read becomes an item whose state throws StoreError Unreadable to whoever asks for it. */
  static fromStored<T extends object>(entry: StoredState, thaw: Thaw<T>): Item<T> {
    const { key, revision, value, condition } = entry;
    if (condition instanceof StoreError) return new Item<T>(key, revision, condition, thaw);
    return new Item<T>(key, revision, stateOf(value, entry), thaw, { stale: condition === 'stale' });
  }

  /** `object` is deeply frozen and is what `stored` was made of. */
  static fromWrite<T extends object>(key: string, revision: number, stored: Uint8Array, object: T, thaw: Thaw<T>): Item<T> {
    return new Item<T>(key, revision, spliceRevision(stored, revision), thaw, { object: withRevision(object, revision) });
  }

  /** This state, stamped with the revision of its deletion. */
  deletedAt(revision: number): Item<T> {
    const object = this.#object?.deref();
    return new Item<T>(this.key, revision, restamp(this.bytes, revision), this.#thaw, {
      object: object && withRevision(object, revision),
    });
  }

  get bytes(): Buffer {
    if (this.#bytes instanceof StoreError) throw this.#bytes;
    return this.#bytes;
  }

  /** The parsed object, if somebody holds it. */
  get held(): T | undefined {
    return this.#object?.deref();
  }

  get object(): T {
    const known = this.#object?.deref();
    if (known) return known;
    const parsed = this.#thaw(this.key, this.bytes.toString());
    this.#object = new WeakRef(parsed);
    return parsed;
  }
}
