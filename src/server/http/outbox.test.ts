import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

const ended = (streams: readonly PassThrough[]) => streams.filter((stream) => stream.writableEnded).length;
const streams = (count: number) => Array.from({ length: count }, () => new PassThrough());

test('answers of one turn are ended after it, whole', async () => {
  const outbox = new Outbox();
  const answers = streams(3);
  for (const [i, stream] of answers.entries()) outbox.end(stream, Buffer.from(`answer ${i}`));
  expect(ended(answers)).toBe(0);
  await setImmediate();
  expect(answers.map((stream) => stream.read()?.toString())).toEqual(['answer 0', 'answer 1', 'answer 2']);
  expect(ended(answers)).toBe(3);
});

test('so many of them do not wait for the end of the turn', async () => {
  const outbox = new Outbox(4);
  const answers = streams(6);
  for (const stream of answers) outbox.end(stream, Buffer.from('x'));
  expect(ended(answers)).toBe(4);
  await setImmediate();
  expect(ended(answers)).toBe(6);
});

test('a stream that is gone meanwhile is left alone, and the others are ended', async () => {
  const outbox = new Outbox();
  const [gone, other] = streams(2) as [PassThrough, PassThrough];
  outbox.end(gone, Buffer.from('x'));
  outbox.end(other, Buffer.from('y'));
  gone.destroy();
  await setImmediate();
  expect(gone.writableEnded).toBe(false);
  expect(other.read()?.toString()).toBe('y');
});
