import { compareKeys } from '../key-order.ts';

/** Keys in a chunk before it is split. Larger chunks make inserts copy more, smaller ones make the list of chunks longer. */
const CHUNK_KEYS = 512;

/** A sorted set of keys: chunks of sorted keys, a B-tree of two levels. Insert, remove and seek cost O(log n) plus one chunk. */
export class SortedKeys {
  #chunks: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when it was there already. */
  add(key: string): boolean {
    const at = Math.max(this.#chunkOf(key), 0);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([key]);
    } else {
      const position = lowerBound(chunk, key);
      if (chunk[position] === key) return false;
      chunk.splice(position, 0, key);
      if (chunk.length > CHUNK_KEYS) this.#split(at, chunk, position);
    }
    this.#size += 1;
    return true;
  }

  delete(key: string): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (!chunk) return false;
    const position = lowerBound(chunk, key);
    if (chunk[position] !== key) return false;
    chunk.splice(position, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    this.#size -= 1;
    return true;
  }

  /** Keys not below `from`, in order, up to `end` (exclusive). The set must not change while this runs. */
  *range(from: string, end: string): Generator<string> {
    let at = Math.max(this.#chunkOf(from), 0);
    let position = lowerBound(this.#chunks[at] ?? [], from);
    for (; at < this.#chunks.length; at += 1, position = 0) {
      const chunk = this.#chunks[at] as string[];
      const stop = compareKeys(chunk[chunk.length - 1] as string, end) < 0 ? chunk.length : lowerBound(chunk, end);
      for (; position < stop; position += 1) yield chunk[position] as string;
      if (stop < chunk.length) return;
    }
  }

  /** How many keys are below this one. */
  rank(key: string): number {
    const at = this.#chunkOf(key);
    let rank = lowerBound(this.#chunks[at] ?? [], key);
    for (let i = 0; i < at; i += 1) rank += this.#chunks[i]?.length ?? 0;
    return rank;
  }

  clear(): void {
    this.#chunks = [];
    this.#size = 0;
  }

  /** The last chunk whose first key is not above the key; -1 when the key is below all. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#chunks[middle]?.[0] as string, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** A chunk that grew at its end (keys loaded in order) is split there, so that it stays full. */
  #split(at: number, chunk: string[], position: number): void {
    const isAppend = position === chunk.length - 1;
    this.#chunks.splice(at + 1, 0, chunk.splice(isAppend ? chunk.length - 1 : chunk.length >>> 1));
  }
}

/** The first position whose key is not below the key. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
