import { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writePieces } from './pieces.ts';

function sink() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // A copy, later: what is written must stay as it is until the stream says that it is done.
      setImmediate(() => {
        chunks.push(Buffer.from(chunk));
        done();
      });
    },
  });
  return { stream, received: () => Buffer.concat(chunks), ended: new Promise((resolve) => stream.once('finish', resolve)) };
}

it('every byte arrives in its place, whatever the sizes of the parts, also of answers side by side', async () => {
  const part = fc.integer({ min: 0, max: 300_000 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(part, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }), async (answers) => {
      await Promise.all(
        answers.map(async (sizes, answer) => {
          const bytes = sizes.map((size, i) => Buffer.alloc(size, 65 + ((answer * 8 + i) % 26)));
          const whole = Buffer.concat(bytes);
          // Every other part lies among other bytes.
          const parts = bytes.map((own, i) =>
            i % 2 === 0 ? own : { memory: Buffer.concat([Buffer.from('before'), own, Buffer.from('after')]), from: 6, length: own.length },
          );
          const { stream, received, ended } = sink();
          await writePieces(stream, parts, whole.length);
          await ended;
          expect(received().equals(whole)).toBe(true);
        }),
      );
    }),
    { numRuns: 30 },
  );
});

it('stops when the stream goes away', async () => {
  const { stream, received } = sink();
  const parts = Array.from({ length: 10 }, () => Buffer.alloc(200_000, 'x'));
  const writing = writePieces(stream, parts, 2_000_000);
  stream.destroy();
  await writing;
  expect(received().length).toBeLessThan(2_000_000);
});
