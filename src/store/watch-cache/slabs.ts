/** Slabs grow with the collection: most collections hold next to nothing. */
const FIRST_SLAB_BYTES = 4 * 1024;
const LARGEST_SLAB_BYTES = 1024 * 1024;
/** More than this part of a slab lies alone: it would leave much of one unused. */
const LARGE_PART = 4;
/** More than this part of what was written is not kept for the dead. */
const DEAD_PART = 1 / 8;

/** Where some bytes lie. */
export interface Place {
  readonly slab: Slab;
  readonly from: number;
  readonly length: number;
}

/** Whose bytes lie in a slab. It can be moved: the bytes are the same, elsewhere. */
export interface Tenant {
  readonly place: Place;
  moveTo(place: Place): void;
}

/** One piece of memory. Bytes that were written stay as they are as long as anybody looks at them: nothing is written over. */
export interface Slab {
  readonly memory: Buffer;
  readonly tenants: Set<Tenant>;
  usedBytes: number;
  liveBytes: number;
}

export const bytesAt = ({ slab, from, length }: Place): Buffer => slab.memory.subarray(from, from + length);

/**
 * Memory for the bytes of many objects, in few large pieces. An allocation for each would cost hundreds of bytes besides, and those that live long would keep the memory
 * between them from being given back. When too much is dead, the slabs with the least alive are emptied into the one that is being filled. Which those are is looked at over
 * all of them: what a history forgets dies in the order in which it was written, slab by slab, and needs no copying.
 */
export class Slabs {
  #open = slabOf(FIRST_SLAB_BYTES);
  /** Those that are filled. */
  readonly #full = new Set<Slab>();
  #usedBytes = 0;
  #liveBytes = 0;
  #isTidying = false;

  /** `write` fills exactly `length` bytes. */
  put(length: number, write: (target: Buffer) => void): Place {
    const place = this.#take(length);
    write(bytesAt(place));
    return place;
  }

  /** The bytes at the tenant's place are wanted until it is released. */
  settle(tenant: Tenant): void {
    const { slab, length } = tenant.place;
    slab.tenants.add(tenant);
    slab.liveBytes += length;
    if (this.#full.has(slab)) this.#liveBytes += length;
    else if (slab !== this.#open) this.#keep(slab);
  }

  /** Whoever still holds the tenant can read its bytes, but they are not moved any more. */
  release(tenant: Tenant): void {
    if (!tenant.place.slab.tenants.delete(tenant)) return;
    const { slab, length } = tenant.place;
    slab.liveBytes -= length;
    if (!this.#full.has(slab)) return;
    this.#liveBytes -= length;
    if (slab.liveBytes === 0) this.#drop(slab);
    this.#tidy();
  }

  #take(length: number): Place {
    const size = this.#open.memory.length;
    if (length > size / LARGE_PART && size === LARGEST_SLAB_BYTES) return placeIn(slabOf(length), length);
    if (length <= size - this.#open.usedBytes) return placeIn(this.#open, length);
    if (this.#open.liveBytes > 0) this.#keep(this.#open);
    this.#open = slabOf(Math.max(length, Math.min(size * 2, LARGEST_SLAB_BYTES)));
    this.#tidy();
    return this.#take(length);
  }

  #keep(slab: Slab): void {
    this.#full.add(slab);
    this.#usedBytes += slab.usedBytes;
    this.#liveBytes += slab.liveBytes;
  }

  #drop(slab: Slab): void {
    this.#full.delete(slab);
    this.#usedBytes -= slab.usedBytes;
    this.#liveBytes -= slab.liveBytes;
  }

  #tidy(): void {
    if (this.#isTidying) return;
    this.#isTidying = true;
    while (this.#usedBytes - this.#liveBytes > this.#usedBytes * DEAD_PART) this.#empty(leastAlive(this.#full));
    this.#isTidying = false;
  }

  #empty(slab: Slab): void {
    this.#drop(slab);
    const tenants = [...slab.tenants];
    slab.tenants.clear();
    slab.liveBytes = 0;
    for (const tenant of tenants) {
      const bytes = bytesAt(tenant.place);
      tenant.moveTo(this.put(bytes.length, (target) => target.set(bytes)));
      this.settle(tenant);
    }
  }
}

/** Of at least one. */
function leastAlive(slabs: Iterable<Slab>): Slab {
  let [least, part]: [Slab | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const slab of slabs) {
    const alive = slab.liveBytes / slab.usedBytes;
    if (alive < part) [least, part] = [slab, alive];
  }
  return least as Slab;
}

const slabOf = (size: number): Slab => ({ memory: memoryOf(size), tenants: new Set(), usedBytes: 0, liveBytes: 0 });

/**
 * V8 maps the memory of a buffer that may be resized by itself. In the C heap, where others lie, a large slab would keep the holes around it from being given back: after
 * 36,000 creates as much again as is alive.
 */
function memoryOf(size: number): Buffer {
  if (size < LARGEST_SLAB_BYTES) return Buffer.allocUnsafeSlow(size);
  return Buffer.from(new ArrayBuffer(size, { maxByteLength: size }), 0, size);
}

function placeIn(slab: Slab, length: number): Place {
  const from = slab.usedBytes;
  slab.usedBytes += length;
  return { slab, from, length };
}
