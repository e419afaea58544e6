/** A first-in first-out list with access by position. Both ends cost O(1); memory follows the number of items, up to twice. */
export class RingBuffer<T> {
  #slots: (T | undefined)[] = new Array(16);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots[(this.#head + this.#length) % this.#slots.length] = item;
    this.#length += 1;
  }

  /** Removes and returns the oldest item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#length -= 1;
    if (this.#slots.length > 16 && this.#length < this.#slots.length / 4) this.#resize(this.#slots.length / 2);
    return item;
  }

  /** The item at the position from the oldest (0); undefined outside. */
  at(position: number): T | undefined {
    if (position < 0 || position >= this.#length) return undefined;
    return this.#slots[(this.#head + position) % this.#slots.length];
  }

  clear(): void {
    this.#slots = new Array(16);
    this.#head = 0;
    this.#length = 0;
  }

  #resize(slots: number): void {
    const next: (T | undefined)[] = new Array(slots);
    for (let i = 0; i < this.#length; i += 1) next[i] = this.#slots[(this.#head + i) % this.#slots.length];
    this.#slots = next;
    this.#head = 0;
  }
}
