import { type KubeObject, objectKey } from '../api/meta/object.ts';

export type IndexFunction<T> = (object: T) => readonly string[];

/** What happened to one object. `previous` is the state before; a DELETED event carries the last state that was seen. */
export type Change<T> =
  | { readonly type: 'ADDED'; readonly object: T; readonly previous?: undefined }
  | { readonly type: 'MODIFIED'; readonly object: T; readonly previous: T }
  | { readonly type: 'DELETED'; readonly object: T; readonly previous?: undefined };

const DEFAULT_INDEXES: Readonly<Record<string, IndexFunction<KubeObject>>> = {
  namespace: (object) => [object.metadata?.namespace ?? ''],
  owner: (object) => (object.metadata?.ownerReferences ?? []).filter((o) => o.controller).map((o) => o.uid),
};

/** Objects by key, and by the values of their indexes. Every change costs as much as the object has index values, whatever the cache's size. */
export class InformerCache<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, { readonly of: IndexFunction<T>; readonly byValue: Map<string, Map<string, T>> }>();
  #listed: readonly T[] | undefined;

  constructor() {
    this.addIndexes(DEFAULT_INDEXES);
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    this.#listed ??= [...this.#objects.values()];
    return this.#listed;
  }

  by(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`no index ${index}`);
    const objects = found.byValue.get(value);
    return objects ? [...objects.values()] : [];
  }

  /** Indexes of the same name are expected to be the same function: the first stays. */
  addIndexes(indexes: Readonly<Record<string, IndexFunction<T>>>): void {
    for (const [name, of] of Object.entries(indexes)) {
      if (this.#indexes.has(name)) continue;
      const index = { of, byValue: new Map<string, Map<string, T>>() };
      this.#indexes.set(name, index);
      for (const [key, object] of this.#objects) insert(index, key, object);
    }
  }

  set(object: T): Change<T> | undefined {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    if (previous && previous.metadata?.resourceVersion === object.metadata?.resourceVersion) return undefined;
    this.#objects.set(key, object);
    this.#listed = undefined;
    for (const index of this.#indexes.values()) {
      if (previous) withdraw(index, key, previous);
      insert(index, key, object);
    }
    return previous ? { type: 'MODIFIED', object, previous } : { type: 'ADDED', object };
  }

  remove(object: T): Change<T> | undefined {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    if (!previous) return undefined;
    this.#objects.delete(key);
    this.#listed = undefined;
    for (const index of this.#indexes.values()) withdraw(index, key, previous);
    return { type: 'DELETED', object };
  }

  /** Takes the result of a new list: what is not in it was deleted while nobody watched. */
  replace(objects: readonly T[]): Change<T>[] {
    const kept = new Map(objects.map((object) => [objectKey(object), object]));
    const changes: Change<T>[] = [];
    for (const [key, old] of [...this.#objects]) {
      const next = kept.get(key);
      if (next && next.metadata?.uid === old.metadata?.uid) continue;
      const change = this.remove(old);
      if (change) changes.push(change);
    }
    for (const object of objects) {
      const change = this.set(object);
      if (change) changes.push(change);
    }
    return changes;
  }
}

interface Index<T> {
  readonly of: IndexFunction<T>;
  readonly byValue: Map<string, Map<string, T>>;
}

function insert<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.of(object)) {
    const objects = index.byValue.get(value);
    if (objects) objects.set(key, object);
    else index.byValue.set(value, new Map([[key, object]]));
  }
}

function withdraw<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.of(object)) {
    const objects = index.byValue.get(value);
    objects?.delete(key);
    if (objects?.size === 0) index.byValue.delete(value);
  }
}
