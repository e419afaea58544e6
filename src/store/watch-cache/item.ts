import { type Condition, StoreError } from '../store.ts';
import type { Cached } from './collection.ts';
import { deepFreeze, restamp, spliceRevision, withRevision } from './resource-version.ts';

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

/** Reads an object's JSON. */
export type Parse<T> = (text: string) => T;

/**
 * One object at one revision. The bytes are the state; the parsed object is held weakly, so that memory holds it only while
 * somebody uses it (an informer, a request), and is parsed anew when asked for after that.
 */
export class Item<T extends object> implements Cached<T> {
  readonly key: string;
  readonly revision: number;
  readonly stale: boolean;
  readonly #bytes: Buffer | StoreError;
  readonly #parse: Parse<T>;
  #object: WeakRef<T> | undefined;

  private constructor(
    key: string,
    revision: number,
    bytes: Buffer | StoreError,
    parse: Parse<T>,
    { object, stale = false }: { object?: T; stale?: boolean } = {},
  ) {
    this.key = key;
    this.revision = revision;
    this.stale = stale;
    this.#bytes = bytes;
    this.#parse = parse;
    this.#object = object && new WeakRef(object);
  }

  /** An entry that cannot be read becomes an item whose state throws StoreError Unreadable to whoever asks for it. */
  static fromStored<T extends object>(entry: StoredState, parse: Parse<T>): Item<T> {
    const { key, revision, value, condition } = entry;
    if (condition instanceof StoreError) return new Item<T>(key, revision, condition, parse);
    return new Item<T>(key, revision, stateOf(value, entry), parse, { stale: condition === 'stale' });
  }

  /** `object` is deeply frozen and is what `stored` was made of. */
  static fromWrite<T extends object>(key: string, revision: number, stored: Uint8Array, object: T, parse: Parse<T>): Item<T> {
    return new Item<T>(key, revision, spliceRevision(stored, revision), parse, { object: withRevision(object, revision) });
  }

  /** This state, stamped with the revision of its deletion. */
  deletedAt(revision: number): Item<T> {
    const object = this.#object?.deref();
    return new Item<T>(this.key, revision, restamp(this.bytes, revision), this.#parse, {
      object: object && withRevision(object, revision),
    });
  }

  get bytes(): Buffer {
    if (this.#bytes instanceof StoreError) throw this.#bytes;
    return this.#bytes;
  }

  get object(): T {
    const known = this.#object?.deref();
    if (known) return known;
    const parsed = deepFreeze(this.#parse(this.bytes.toString()));
    this.#object = new WeakRef(parsed);
    return parsed;
  }
}
