/** The smallest first. An item may be removed before its turn: that costs a look-up, not a search. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #places = new Map<T, number>();
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }
  peek(): T | undefined {
    return this.#items[0];
  }
  has(item: T): boolean {
    return this.#places.has(item);
  }
  items(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    this.#put(item, this.#items.length);
    this.#up(this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.delete(first);
    return first;
  }

  delete(item: T): boolean {
    const at = this.#places.get(item);
    if (at === undefined) return false;
    this.#places.delete(item);
    const last = this.#items.pop() as T;
    if (at < this.#items.length) {
      this.#put(last, at);
      this.#down(this.#up(at));
    }
    return true;
  }

  #put(item: T, at: number): void {
    this.#items[at] = item;
    this.#places.set(item, at);
  }

  #up(from: number): number {
    const item = this.#items[from] as T;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#items[parent] as T;
      if (this.#compare(item, above) >= 0) break;
      this.#put(above, at);
      at = parent;
    }
    this.#put(item, at);
    return at;
  }

  #down(from: number): void {
    const item = this.#items[from] as T;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#items.length) break;
      const right = child + 1;
      if (right < this.#items.length && this.#compare(this.#items[right] as T, this.#items[child] as T) < 0) child = right;
      const below = this.#items[child] as T;
      if (this.#compare(item, below) <= 0) break;
      this.#put(below, at);
      at = child;
    }
    this.#put(item, at);
  }
}
