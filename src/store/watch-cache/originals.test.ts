import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Kept, Originals } from './originals.ts';
import { Slabs } from './slabs.ts';

/** What was put, and what of it there is. */
interface Put {
  readonly key: string;
  readonly text: Buffer;
  readonly kept: Kept;
}

function started() {
  const originals = new Originals(new Slabs());
  const keep = (key: string, text: string | Buffer): Put => {
    const bytes = Buffer.from(text);
    return { key, text: bytes, kept: originals.put(key, { length: bytes.length, write: (target) => target.set(bytes) }) };
  };
  const release = ({ key, kept }: Put) => originals.release(key, kept);
  return { keep, release };
}

/** Of the whole, or of a part. */
function read({ kept }: Put, start = 0, end = kept.length): Buffer {
  const { memory, from } = kept.span;
  const target = Buffer.alloc(end - start + 2, 1);
  memory.copy(target, 1, from + start, from + end);
  expect([target[0], target.at(-1)], 'nothing else is written').toEqual([1, 1]);
  expect(memory.subarray(from + start, from + end).equals(target.subarray(1, -1))).toBe(true);
  return target.subarray(1, -1);
}

const isWhole = (put: Put): boolean => read(put).equals(put.text);

/** What an object of a template is like. */
const pod = (name: string, { status = '', labels = '' } = {}) =>
  JSON.stringify({
    kind: 'Pod',
    metadata: { name, uid: `${name}-uid`, labels, managedFields: [{ manager: 'm', time: name, fieldsV1: 'f'.repeat(100) }] },
    spec: {
      containers: [{ name: 'c', image: `registry.example.com/image:${'1'.repeat(300)}`, args: ['a', 'b', 'c'].map((a) => a.repeat(50)) }],
    },
    status,
  });

describe('bytes that are much like others', () => {
  it('are kept as what differs', () => {
    const { keep } = started();
    const all = Array.from({ length: 10 }, (_, i) => keep('pods/n/web-x', pod(`web-${i}`)));
    const [first, ...others] = all;
    expect(first?.kept.original).toBeUndefined();
    for (const { kept } of others) {
      expect(kept.original).toBe(first?.kept);
      expect(kept.place.length).toBeLessThan(kept.length / 4);
    }
    expect(all.every(isWhole)).toBe(true);
  });

  it('are found though something came in between, went, or grew', () => {
    const { keep } = started();
    const first = keep('pods/n/web-x', pod('web-a'));
    const running = keep('pods/n/web-x', pod('web-b', { status: 'running'.repeat(20), labels: 'some labels of its own' }));
    expect(running.kept.original).toBe(first.kept);
    expect(isWhole(running)).toBe(true);
  });

  it('are of one name but for its end, and neither short nor longer than numbers of 16 bits say', () => {
    const { keep } = started();
    const long = 'x'.repeat(0x1_0000);
    const pairs = [
      [keep('pods/n/web-x', pod('a')), keep('pods/n/db-x', pod('a'))],
      [keep('a/b-1', 'short'), keep('a/b-2', 'short')],
      [keep('a/c-1', long), keep('a/c-2', long)],
    ] as const;
    for (const [one, other] of pairs) {
      expect(other.kept.original).toBeUndefined();
      expect([one, other].every(isWhole)).toBe(true);
    }
  });

  it('outlive their original', () => {
    const { keep, release } = started();
    const first = keep('pods/n/web-x', pod('a'));
    const second = keep('pods/n/web-x', pod('b'));
    release(first);
    for (let i = 0; i < 3_000; i += 1) release(keep(`pods/n/filler${i}-x`, pod(`${i}`)));
    const third = keep('pods/n/web-x', pod('c'));
    expect(third.kept.original).toBe(first.kept);
    expect([second, third].every(isWhole)).toBe(true);
    release(second);
    release(third);
    expect(keep('pods/n/web-x', pod('d')).kept.original, 'nobody is left to be like').toBeUndefined();
  });

  it('become an original themselves when they are too different', () => {
    const { keep } = started();
    keep('a/b-1', 'x'.repeat(600));
    const other = keep('a/b-2', pod('a'));
    expect(other.kept.original).toBeUndefined();
    expect(keep('a/b-3', pod('b')).kept.original).toBe(other.kept);
  });

  it('are whole after any changes, moves and releases, read whole or in part', () => {
    const word = fc.string({ maxLength: 200, unit: fc.constantFrom('a', 'b', '{', '"', 'é') });
    const edit = fc.record({ at: fc.nat(2_000), removed: fc.nat(300), added: word });
    const step = fc.record({ edits: fc.array(edit, { maxLength: 4 }), stem: fc.constantFrom('x-', 'y-'), release: fc.option(fc.nat(50)) });
    const base = Buffer.from(pod('base', { status: 'z'.repeat(600) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(2_000), fc.nat(2_000), (steps, a, b) => {
        const { keep, release } = started();
        const live: Put[] = [];
        for (const [i, { edits, stem, release: gone }] of steps.entries()) {
          const text = edits.reduce<Buffer>(
            (bytes, { at, removed, added }) => Buffer.concat([bytes.subarray(0, at), Buffer.from(added), bytes.subarray(at + removed)]),
            base,
          );
          live.push(keep(`${stem}${i}`, text));
          const [ended] = gone === null ? [] : live.splice(gone % live.length, 1);
          if (ended) release(ended);
        }
        for (const each of live) {
          expect(isWhole(each)).toBe(true);
          const [from = 0, to = 0] = [a, b].map((n) => n % (each.kept.length + 1)).sort((m, n) => m - n);
          expect(read(each, from, to).equals(each.text.subarray(from, to))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
