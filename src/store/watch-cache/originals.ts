import type { Span } from './collection.ts';
import { Finder, Likeness, MOST_BYTES, ownLength, writeOwn } from './likeness.ts';
import type { Edit } from './resource-version.ts';
import { Siblings } from './siblings.ts';
import { bytesAt, type Place, type Slabs, type Tenant } from './slabs.ts';

/** Less is not looked at: an own part of its own would save next to nothing. */
const FEWEST_BYTES = 512;
/** An own part is at most this part of the whole; what differs more is kept whole. */
const OWN_PART = 1 / 3;

/** Bytes that are kept: whole, or as what differs from an original, which is kept whole. */
export class Kept implements Tenant {
  /** Of all bytes, or of the own part. */
  place: Place;
  /** Of the whole. */
  readonly length: number;
  readonly original: Kept | undefined;
  /** Who is read with its help: itself, and those whose original it is. */
  users = 1;

  constructor(place: Place, length: number, original?: Kept) {
    this.place = place;
    this.length = length;
    this.original = original;
  }

  get span(): Span {
    const { place, length, original } = this;
    if (original) return { memory: new Likeness(original.place, place), from: 0, length };
    return { memory: place.slab.memory, from: place.from, length };
  }

  moveTo(place: Place): void {
    this.place = place;
  }
}

interface Sought {
  readonly original: Kept;
  finder?: Finder;
}

/**
 * The bytes of a collection's objects. Most objects are one of many of their kind: pods of one template, an object before and after a change. Of these one is kept whole, and
 * of the others what differs from it. Which one: that of the same or a similar name which was the last to be kept whole.
 */
export class Originals {
  readonly #slabs: Slabs;
  readonly #sought = new Siblings<Sought>();

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
  }

  /** What is kept is wanted until it is released, once. */
  put(key: string, { length, write }: Edit): Kept {
    if (length < FEWEST_BYTES || length > MOST_BYTES) return this.#settled(new Kept(this.#slabs.put(length, write), length));
    const bytes = draft.subarray(0, length);
    write(bytes);
    const alike = this.#alike(this.#sought.of(key), bytes);
    if (alike) return alike;
    const original = this.#settled(
      new Kept(
        this.#slabs.put(length, (target) => target.set(bytes)),
        length,
      ),
    );
    this.#sought.remember(key, { original });
    return original;
  }

  /** `key`: that it was put with. Whoever still holds it can read it. */
  release(key: string, kept: Kept): void {
    kept.users -= 1;
    if (kept.users > 0) return;
    this.#slabs.release(kept);
    if (kept.original) this.release(key, kept.original);
    else if (this.#sought.of(key)?.original === kept) this.#sought.forget(key);
  }

  #alike(sought: Sought | undefined, bytes: Buffer): Kept | undefined {
    if (!sought) return undefined;
    const { original } = sought;
    sought.finder ??= new Finder(Buffer.from(bytesAt(original.place)));
    const runs = sought.finder.runs(bytes);
    const length = ownLength(runs, bytes);
    if (length > bytes.length * OWN_PART) return undefined;
    writeOwn(ownDraft, runs, bytes);
    original.users += 1;
    return this.#settled(
      new Kept(
        this.#slabs.put(length, (target) => void ownDraft.copy(target, 0, 0, length)),
        bytes.length,
        original,
      ),
    );
  }

  #settled(kept: Kept): Kept {
    this.#slabs.settle(kept);
    return kept;
  }
}

/** Where bytes are written before it is known what is kept of them: memory of slabs is slow to read and write byte by byte. */
const draft = Buffer.allocUnsafeSlow(MOST_BYTES);
const ownDraft = Buffer.allocUnsafeSlow(MOST_BYTES);
