import type { Cached } from './collection.ts';
import { deepFreeze, restamp, spliceRevision, withRevision } from './resource-version.ts';

/**
 * One object at one revision. The bytes are the state; the parsed object is held weakly, so that memory holds it only while
 * somebody uses it (an informer, a request), and is parsed anew when asked for after that.
 */
export class Item<T extends object> implements Cached<T> {
  readonly key: string;
  readonly revision: number;
  readonly bytes: Buffer;
  #object: WeakRef<T> | undefined;

  private constructor(key: string, revision: number, bytes: Buffer, object?: T) {
    this.key = key;
    this.revision = revision;
    this.bytes = bytes;
    this.#object = object && new WeakRef(object);
  }

  static fromStored<T extends object>(key: string, revision: number, stored: Uint8Array): Item<T> {
    return new Item<T>(key, revision, spliceRevision(stored, revision));
  }

  /** `object` is deeply frozen and is what `stored` was made of. */
  static fromWrite<T extends object>(key: string, revision: number, stored: Uint8Array, object: T): Item<T> {
    return new Item<T>(key, revision, spliceRevision(stored, revision), withRevision(object, revision));
  }

  /** This state, stamped with the revision of its deletion. */
  deletedAt(revision: number): Item<T> {
    const object = this.#object?.deref();
    return new Item<T>(this.key, revision, restamp(this.bytes, revision), object && withRevision(object, revision));
  }

  get object(): T {
    const known = this.#object?.deref();
    if (known) return known;
    const parsed = deepFreeze(JSON.parse(this.bytes.toString()) as T);
    this.#object = new WeakRef(parsed);
    return parsed;
  }
}
