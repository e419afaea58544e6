import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { fakeClock } from '../base/fake-clock.ts';
import { WorkQueue } from './workqueue.ts';

const { signal } = new AbortController();

test('a key added twice is handed out once', async () => {
  const queue = new WorkQueue(fakeClock());
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(await queue.next({ signal })).toBe('a');
  expect(await queue.next({ signal })).toBe('b');
  expect(queue.depth).toBe(0);
});

test('a key that rests comes again once, after its rest, and holds up no other', async () => {
  const clock = fakeClock();
  const queue = new WorkQueue(clock);
  queue.add('a');
  await queue.next({ signal });
  queue.done('a', 50);
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(await queue.next({ signal })).toBe('b');
  let again: string | undefined;
  const next = queue.next({ signal }).then((key) => {
    again = key;
  });
  await clock.advance(49);
  expect(again).toBeUndefined();
  await clock.advance(1);
  await next;
  expect([again, queue.depth]).toEqual(['a', 0]);
});

test('a key added while it is worked on comes again only after done', async () => {
  const queue = new WorkQueue(fakeClock());
  queue.add('a');
  await queue.next({ signal });
  queue.add('a');
  let again: string | undefined;
  const next = queue.next({ signal }).then((key) => {
    again = key;
  });
  await Promise.resolve();
  expect(again).toBeUndefined();
  queue.done('a');
  await next;
  expect(again).toBe('a');
});

test('retries wait 5 ms, then twice as long each time, up to 1000 s, and start again after forget', () => {
  const queue = new WorkQueue(fakeClock());
  expect([queue.retry('a'), queue.retry('a'), queue.retry('a')]).toEqual([5, 10, 20]);
  for (let i = 0; i < 30; i += 1) queue.retry('a');
  expect(queue.retry('a')).toBe(1_000_000);
  expect(queue.retry('b')).toBe(5);
  queue.forget('a');
  expect(queue.retry('a')).toBe(5);
});

test('of several delays the earliest counts', async () => {
  const clock = fakeClock();
  const queue = new WorkQueue(clock);
  queue.addAfter('a', 1000);
  queue.addAfter('a', 100);
  queue.addAfter('a', 500);
  await clock.advance(99);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(queue.depth).toBe(1);
  expect(clock.pending).toBe(0);
});

test('a waiting worker ends with the signal', async () => {
  const stop = new AbortController();
  const next = new WorkQueue(fakeClock()).next({ signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

test('only workers that wait with the signal end with it, and none leaves a listener behind', async () => {
  const stop = new AbortController();
  const queue = new WorkQueue(fakeClock());
  for (const key of ['a', 'b', 'c']) {
    const next = queue.next({ signal: stop.signal });
    queue.add(key);
    expect(await next).toBe(key);
  }
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
  const ended = [queue.next({ signal: stop.signal }), queue.next({ signal: stop.signal })];
  const other = queue.next({ signal });
  stop.abort(new Error('enough'));
  for (const next of ended) await expect(next).rejects.toThrow('enough');
  queue.add('d');
  expect(await other).toBe('d');
});

test('it says how long keys have been worked on', async () => {
  const clock = fakeClock();
  const queue = new WorkQueue(clock);
  queue.add('a');
  await queue.next({ signal });
  await clock.advance(2000);
  queue.add('b');
  await queue.next({ signal });
  await clock.advance(500);
  expect(queue.workingSeconds()).toEqual([2.5, 0.5]);
  queue.done('a');
  expect(queue.workingSeconds()).toEqual([0.5]);
});
