import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FairQueues } from './fair-queues.ts';

const at = (nowMs: number) => ({ nowMs, seats: 4 });
const item = <T>(name: T, width = 1) => ({ name, width });
type Item<T> = ReturnType<typeof item<T>>;

it('serves a small flow between the requests of a large one', () => {
  const queues = new FairQueues<Item<string>>({ queues: 64, handSize: 1, queueLengthLimit: 100 }, 0);
  for (let i = 0; i < 50; i += 1) queues.enqueue('elephant', item(`e${i}`), at(0));
  for (let i = 0; i < 3; i += 1) queues.enqueue('mouse', item(`m${i}`), at(0));
  const first = Array.from({ length: 8 }, () => queues.dequeue(at(1))?.item.name);
  expect(first.filter((name) => name?.startsWith('m'))).toHaveLength(3);
});

it('charges a queue what its requests cost: long ones make way for short ones', () => {
  const queues = new FairQueues<Item<string>>({ queues: 64, handSize: 1, queueLengthLimit: 100 }, 0);
  for (let i = 0; i < 20; i += 1) for (const flow of ['long', 'short']) queues.enqueue(flow, item(flow), at(0));
  let nowMs = 0;
  const served = { long: 0, short: 0 } as Record<string, number>;
  for (let i = 0; i < 20; i += 1) {
    const next = queues.dequeue(at(nowMs));
    if (!next) throw new Error('nothing waits');
    served[next.item.name] = (served[next.item.name] ?? 0) + 1;
    const tookMs = next.item.name === 'long' ? 900 : 100;
    nowMs += tookMs;
    queues.finished(next.queue, next.item, tookMs);
  }
  expect(served.short).toBeGreaterThan(3 * (served.long ?? 0));
});

it('gives a flow the same hand each time, and refuses what its shortest queue cannot hold', () => {
  const queues = new FairQueues<Item<number>>({ queues: 8, handSize: 3, queueLengthLimit: 2 }, 0);
  const placed = Array.from({ length: 10 }, (_, i) => queues.enqueue('flow', item(i), at(0)));
  expect(new Set(placed.filter(Boolean)).size).toBe(3);
  expect(placed.filter(Boolean)).toHaveLength(6);
  expect(queues.waiting).toBe(6);
});

it('loses nothing and starts nothing twice', () => {
  const step = fc.oneof(fc.constantFrom('in-a', 'in-b', 'in-c'), fc.constantFrom('out', 'drain'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queues = new FairQueues<Item<number>>({ queues: 4, handSize: 2, queueLengthLimit: 5 }, 0);
      const waiting = new Set<number>();
      steps.forEach((what, i) => {
        if (what.startsWith('in')) {
          if (queues.enqueue(what, item(i, 1 + (i % 3)), at(i))) waiting.add(i);
          return;
        }
        const items = what === 'drain' ? queues.drain() : [queues.dequeue(at(i))?.item].filter((next) => next !== undefined);
        if (what === 'out') expect(items).toHaveLength(waiting.size > 0 ? 1 : 0);
        for (const { name } of items) expect(waiting.delete(name)).toBe(true);
        expect(queues.waiting).toBe(waiting.size);
      });
    }),
  );
});

it('lets nothing overtake what is too wide to start yet', () => {
  const queues = new FairQueues<Item<string>>({ queues: 1, handSize: 1, queueLengthLimit: 10 }, 0);
  queues.enqueue('flow', item('wide', 3), at(0));
  queues.enqueue('flow', item('narrow'), at(0));
  expect(queues.dequeue(at(1), ({ width }) => width <= 2)).toBeUndefined();
  expect(queues.waiting).toBe(2);
  expect(queues.dequeue(at(1), ({ width }) => width <= 3)?.item.name).toBe('wide');
});
