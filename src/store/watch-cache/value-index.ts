import { isUnreadable } from '../store.ts';
import type { Item } from './item.ts';

type ValuesOf<T> = (object: T) => readonly string[];

/**
 * Value -> keys of the objects that have it. Built on first use, because building parses every object; kept up to date from
 * then on. The values of each key are remembered, so that removing needs no parse.
 */
export class ValueIndex<T extends object> {
  readonly #valuesOf: ValuesOf<T>;
  readonly #keys = new Map<string, Set<string>>();
  readonly #values = new Map<string, readonly string[]>();
  #isBuilt = false;

  constructor(valuesOf: ValuesOf<T>) {
    this.#valuesOf = valuesOf;
  }

  /** The keys of the objects that have the value, in no order. */
  keys(value: string, items: Iterable<Item<T>>): ReadonlySet<string> {
    if (!this.#isBuilt) {
      this.#isBuilt = true;
      for (const item of items) this.set(item);
    }
    return this.#keys.get(value) ?? new Set();
  }

  /** What cannot be read has no values. */
  #valuesFor(item: Item<T>): readonly string[] {
    try {
      return this.#valuesOf(item.object);
    } catch (error) {
      if (isUnreadable(error)) return [];
      throw error;
    }
  }

  has(item: Item<T>, value: string): boolean {
    return this.#valuesOf(item.object).includes(value);
  }

  set(item: Item<T>): void {
    if (!this.#isBuilt) return;
    const before = this.#values.get(item.key) ?? [];
    const after = this.#valuesFor(item);
    if (before.length === after.length && before.every((value, i) => value === after[i])) return;
    this.delete(item.key);
    if (after.length === 0) return;
    this.#values.set(item.key, after);
    for (const value of after) {
      const keys = this.#keys.get(value);
      if (keys) keys.add(item.key);
      else this.#keys.set(value, new Set([item.key]));
    }
  }

  delete(key: string): void {
    for (const value of this.#values.get(key) ?? []) {
      const keys = this.#keys.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#keys.delete(value);
    }
    this.#values.delete(key);
  }

  clear(): void {
    this.#isBuilt = false;
    this.#keys.clear();
    this.#values.clear();
  }
}
