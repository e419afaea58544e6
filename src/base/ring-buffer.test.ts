import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RingBuffer } from './ring-buffer.ts';

it('behaves as an array with push and shift', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 300 }), (steps) => {
      const ring = new RingBuffer<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === undefined) expect(ring.shift()).toBe(model.shift());
        else {
          ring.push(step);
          model.push(step);
        }
        expect(Array.from({ length: ring.length }, (_, i) => ring.at(i))).toEqual(model);
      }
      expect(ring.at(-1)).toBeUndefined();
      expect(ring.at(ring.length)).toBeUndefined();
    }),
  );
});
