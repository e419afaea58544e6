import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesAt, type Place, Slabs, type Tenant } from './slabs.ts';

const LARGEST_BYTES = 1024 * 1024;

interface Text extends Tenant {
  place: Place;
  readonly fill: number;
}

function textIn(slabs: Slabs, length: number, fill: number): Text {
  const text: Text = {
    place: slabs.put(length, (target) => target.fill(fill)),
    fill,
    moveTo(place) {
      text.place = place;
    },
  };
  slabs.settle(text);
  return text;
}

const isWhole = ({ place, fill }: Text): boolean => bytesAt(place).every((byte) => byte === fill);
const length = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 400_000 }));
const step = fc.record({ length, releases: fc.array(fc.nat({ max: 1_000 }), { maxLength: 3 }) });

describe('slabs', () => {
  it('keep every byte of their tenants, in at most a seventh more memory, the slab that is being filled aside', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const slabs = new Slabs();
        const live: Text[] = [];
        for (const [i, { length: bytes, releases }] of steps.entries()) {
          live.push(textIn(slabs, bytes, i % 251));
          for (const which of releases) {
            const [gone] = live.splice(which % live.length, 1);
            if (gone) slabs.release(gone);
            if (live.length === 0) break;
          }
        }
        expect(live.every(isWhole)).toBe(true);
        const liveBytes = live.reduce((sum, { place }) => sum + place.length, 0);
        const held = new Set(live.map(({ place }) => place.slab));
        // The end of a slab stays empty when what comes next does not fit: less than the greatest text that is no slab of its own.
        const used = [...held].reduce((sum, slab) => sum + slab.usedBytes, 0);
        expect(used).toBeLessThanOrEqual((8 / 7) * liveBytes + LARGEST_BYTES);
      }),
      { numRuns: 50 },
    );
  });

  it('move nobody while all die in the order in which they came', () => {
    const slabs = new Slabs();
    const lasting = Array.from({ length: 2_000 }, () => textIn(slabs, 1_000, 1));
    const places = new Map(lasting.map((text) => [text, text.place]));
    const live: Text[] = [];
    for (let i = 0; i < 40_000; i += 1) {
      const text = textIn(slabs, 1_000, 2);
      places.set(text, text.place);
      live.push(text);
      const gone = live.length > 12_000 ? live.shift() : undefined;
      if (gone) slabs.release(gone);
    }
    expect([...places].filter(([text, place]) => text.place !== place)).toEqual([]);
    expect([...lasting, ...live].every(isWhole)).toBe(true);
  });

  it('leave the bytes of who was released to whoever still looks at them', () => {
    const slabs = new Slabs();
    const first = textIn(slabs, 3_000, 1);
    const seen = bytesAt(first.place);
    slabs.release(first);
    slabs.release(first);
    for (let i = 0; i < 5_000; i += 1) textIn(slabs, 1_000, 2);
    expect(seen.every((byte) => byte === 1)).toBe(true);
    expect(isWhole(first)).toBe(true);
  });

  it('take what is larger than any slab', () => {
    const slabs = new Slabs();
    const small = textIn(slabs, 10, 1);
    const large = textIn(slabs, 3 * LARGEST_BYTES, 2);
    const after = textIn(slabs, 10, 3);
    expect([small, large, after].every(isWhole)).toBe(true);
  });
});
