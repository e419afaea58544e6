import { expect, it } from 'vitest';
import { TurnQueue } from './turn-queue.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

it('starts as much as a turn may at once and the rest turn by turn, in order', async () => {
  const queue = new TurnQueue(2);
  const started: number[] = [];
  const work = async (n: number) => {
    const wait = queue.take();
    if (wait) await wait;
    started.push(n);
  };
  const all = [1, 2, 3, 4, 5].map(work);
  expect(started).toEqual([1, 2]);
  await nextTurn();
  expect(started).toEqual([1, 2, 3, 4]);
  await nextTurn();
  expect(started).toEqual([1, 2, 3, 4, 5]);
  await Promise.all(all);
});

it('does not let latecomers overtake those who wait', async () => {
  const queue = new TurnQueue(1);
  const started: string[] = [];
  const work = async (name: string) => {
    const wait = queue.take();
    if (wait) await wait;
    started.push(name);
  };
  const first = [work('a'), work('b'), work('c')];
  await nextTurn();
  const late = work('d');
  await Promise.all([...first, late]);
  expect(started).toEqual(['a', 'b', 'c', 'd']);
});

it('starts at once again when nothing was started since the last turn', async () => {
  const queue = new TurnQueue(1);
  expect(queue.take()).toBeUndefined();
  await nextTurn();
  expect(queue.take()).toBeUndefined();
  expect(queue.take()).toBeInstanceOf(Promise);
});
