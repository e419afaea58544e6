import type { Memory } from './collection.ts';
import type { Place } from './slabs.ts';

/**
 * Bytes as what differs from others, the original's. The own part: the number of runs that both have; for each run how many own bytes come before it, where it begins in
 * the original, and its length; then all own bytes. Numbers have 16 bits, the lower ones first.
 */
const COUNT_BYTES = 2;
const RUN_BYTES = 6;
/** What 16 bits can say. */
export const MOST_BYTES = 0xffff;
/** A shorter run is not worth a part of its own: readers copy each. */
const SHORTEST_RUN = 128;
/** Blocks of the original by which runs are found, one beginning at each of so many bytes. */
const BLOCK_BYTES = 16;

interface Run {
  /** Where the run begins in the new bytes, and in the original. */
  readonly at: number;
  readonly from: number;
  readonly length: number;
}

/** Finds the runs that bytes have in common with an original. */
export class Finder {
  readonly #original: DataView;
  /** Block's hash -> one more than where it begins. */
  readonly #blocks: Uint16Array;

  /** The bytes must stay as they are: memory that is V8's own is read several times faster than slabs. */
  constructor(original: Buffer) {
    this.#original = viewOf(original);
    const entries = 2 ** Math.ceil(Math.log2((2 * original.length) / BLOCK_BYTES + 1));
    this.#blocks = new Uint16Array(entries);
    for (let at = 0; at + BLOCK_BYTES <= original.length; at += BLOCK_BYTES) {
      this.#blocks[hashAt(this.#original, at) & (entries - 1)] = at + 1;
    }
  }

  /** From first to last, none over another. */
  runs(buffer: Buffer): Run[] {
    const bytes = viewOf(buffer);
    const mask = this.#blocks.length - 1;
    const runs: Run[] = [];
    let own = 0;
    for (let at = 0; at + BLOCK_BYTES <= bytes.byteLength; at += 1) {
      const block = (this.#blocks[hashAt(bytes, at) & mask] as number) - 1;
      if (block < 0) continue;
      const run = this.#runAround(bytes, { at, block, own });
      if (run.length < SHORTEST_RUN) continue;
      runs.push(run);
      own = run.at + run.length;
      at = own - 1;
    }
    return runs;
  }

  /** What is equal before and after the beginning of a block, not going back into another run. */
  #runAround(bytes: DataView, { at, block, own }: { readonly at: number; readonly block: number; readonly own: number }): Run {
    const original = this.#original;
    let before = 0;
    const most = Math.min(at - own, block);
    while (before < most && bytes.getUint8(at - before - 1) === original.getUint8(block - before - 1)) before += 1;
    let after = 0;
    const end = Math.min(bytes.byteLength - at, original.byteLength - block);
    while (after + WORD_BYTES <= end && bytes.getInt32(at + after) === original.getInt32(block + after)) after += WORD_BYTES;
    while (after < end && bytes.getUint8(at + after) === original.getUint8(block + after)) after += 1;
    return { at: at - before, from: block - before, length: before + after };
  }
}

const WORD_BYTES = 4;
const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView => new DataView(buffer, byteOffset, length);

/** Of a block's four words. */
function hashAt(bytes: DataView, at: number): number {
  let hash = bytes.getInt32(at);
  for (let word = WORD_BYTES; word < BLOCK_BYTES; word += WORD_BYTES) hash = Math.imul(hash, 0x9e3779b1) ^ bytes.getInt32(at + word);
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** The length of the own part. */
export const ownLength = (runs: readonly Run[], bytes: Buffer): number =>
  runs.reduce((length, run) => length + RUN_BYTES - run.length, COUNT_BYTES + bytes.length);

/** Writes the own part. */
export function writeOwn(target: Buffer, runs: readonly Run[], bytes: Buffer): void {
  const writer = new Writer(target);
  writer.uint16(runs.length);
  let done = 0;
  for (const { at, from, length } of runs) {
    writer.uint16(at - done);
    writer.uint16(from);
    writer.uint16(length);
    done = at + length;
  }
  done = 0;
  for (const { at, length } of runs) {
    writer.take(bytes, done, at);
    done = at + length;
  }
  writer.take(bytes, done, bytes.length);
}

/** The whole of what is kept as an own part, put together where it is wanted. */
export class Likeness implements Memory {
  readonly #original: Place;
  readonly #own: Place;

  constructor(original: Place, own: Place) {
    this.#original = original;
    this.#own = own;
  }

  copy(target: Buffer, targetStart: number, from: number, to: number): number {
    const { memory } = this.#own.slab;
    memory.copy(draft, 0, this.#own.from, this.#own.from + this.#own.length);
    const { from: origin, slab } = this.#original;
    const writer = new Writer(target, { at: targetStart, skip: from, room: to - from });
    let own = COUNT_BYTES + RUN_BYTES * uint16(draft, 0);
    for (let head = COUNT_BYTES, end = own; head < end && !writer.isFull; head += RUN_BYTES) {
      const start = origin + uint16(draft, head + 2);
      const before = uint16(draft, head);
      writer.take(draft, own, own + before);
      writer.take(slab.memory, start, start + uint16(draft, head + 4));
      own += before;
    }
    if (!writer.isFull) writer.take(draft, own, this.#own.length);
    return to - from;
  }

  subarray(from: number, to: number): Buffer {
    const whole = Buffer.allocUnsafe(to - from);
    this.copy(whole, 0, from, to);
    return whole;
  }
}

/** Where an own part is looked at: slabs are slow to read byte by byte. */
const draft = Buffer.allocUnsafeSlow(MOST_BYTES);

const uint16 = (memory: Buffer, at: number): number => (memory[at] as number) | ((memory[at + 1] as number) << 8);

/** Up to here a loop takes less time than a call out of JavaScript. */
const FEW_BYTES = 48;

/** Puts parts one after the other, without the first `skip` of all their bytes and what is beyond `room`. */
class Writer {
  readonly #target: Buffer;
  #at: number;
  #skip: number;
  readonly #end: number;

  constructor(target: Buffer, { at = 0, skip = 0, room = target.length } = {}) {
    this.#target = target;
    this.#at = at;
    this.#skip = skip;
    this.#end = at + room;
  }

  get isFull(): boolean {
    return this.#at === this.#end;
  }

  uint16(value: number): void {
    this.#target[this.#at] = value & 0xff;
    this.#target[this.#at + 1] = value >>> 8;
    this.#at += 2;
  }

  take(source: Buffer, from: number, to: number): void {
    const start = Math.min(from + this.#skip, to);
    this.#skip -= start - from;
    const length = Math.min(to - start, this.#end - this.#at);
    if (length > FEW_BYTES) source.copy(this.#target, this.#at, start, start + length);
    else for (let i = 0; i < length; i += 1) this.#target[this.#at + i] = source[start + i] as number;
    this.#at += length;
  }
}
