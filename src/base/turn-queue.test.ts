import { expect, it } from 'vitest';
import { fakeClock } from './fake-clock.ts';
import { TurnQueue } from './turn-queue.ts';

const clock = fakeClock();
const queueOf = (perTurn: number) => new TurnQueue({ perTurn, turnMs: 20, clock });
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

it('starts as much as a turn may at once and the rest turn by turn, in order', async () => {
  const queue = queueOf(2);
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
  const queue = queueOf(1);
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
  const queue = queueOf(1);
  expect(queue.take()).toBeUndefined();
  await nextTurn();
  expect(queue.take()).toBeUndefined();
  expect(queue.take()).toBeInstanceOf(Promise);
});

it('starts more after a turn that other work made long', async () => {
  let nowMs = 0;
  const queue = new TurnQueue({ perTurn: 2, turnMs: 20, clock: { monotonic: () => nowMs } });
  let started = 0;
  for (let i = 0; i < 20; i += 1) void queue.take()?.then(() => (started += 1));
  nowMs += 19;
  await nextTurn();
  expect(started).toBe(2);
  nowMs += 65;
  await nextTurn();
  expect(started).toBe(8);
  nowMs += 10_000;
  await nextTurn();
  expect(started).toBe(18);
});
