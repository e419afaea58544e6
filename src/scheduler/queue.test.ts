import { describe, expect, it } from 'vitest';
import type { Pod } from '../api/schema/generated/types.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { SchedulingQueue } from './queue.ts';

const pod = (name: string, priority = 0): Pod => ({ metadata: { name, namespace: 'default' }, spec: { priority, containers: [] } });
const nameOf = (p: Pod | undefined) => p?.metadata?.name;

describe('the scheduling queue', () => {
  it('gives the highest priority first and the oldest among equals', () => {
    const queue = new SchedulingQueue(fakeClock());
    for (const p of [pod('old'), pod('young'), pod('important', 10)]) queue.offer(p);
    expect([nameOf(queue.take()), nameOf(queue.take()), nameOf(queue.take()), queue.take()]).toEqual([
      'important',
      'old',
      'young',
      undefined,
    ]);
  });

  it('keeps an unschedulable pod until something happens, and then for its back-off', async () => {
    const clock = fakeClock();
    const queue = new SchedulingQueue(clock);
    queue.offer(pod('a'));
    const taken = queue.take() as Pod;
    queue.failed(taken, { retry: false });
    await clock.advance(60_000);
    expect(queue.take()).toBeUndefined();
    queue.wake();
    expect(nameOf(queue.take())).toBe('a');
    queue.failed(taken, { retry: false });
    queue.wake();
    expect(queue.take()).toBeUndefined();
    expect(queue.nextDueMs()).toBe(2_000);
    await clock.advance(2_000);
    expect(nameOf(queue.take())).toBe('a');
  });

  it('tries a pod again after its back-off when the failure was the scheduler’s own', async () => {
    const clock = fakeClock();
    const queue = new SchedulingQueue(clock);
    queue.offer(pod('a'));
    queue.failed(queue.take() as Pod, { retry: true });
    await clock.advance(999);
    expect(queue.take()).toBeUndefined();
    await clock.advance(1);
    expect(nameOf(queue.take())).toBe('a');
  });

  it('does not take in a pod that is being scheduled, and forgets one that is gone', () => {
    const queue = new SchedulingQueue(fakeClock());
    queue.offer(pod('a'));
    queue.take();
    queue.offer(pod('a'));
    expect(queue.take()).toBeUndefined();
    queue.offer(pod('b'));
    queue.forget('default/b');
    expect(queue.take()).toBeUndefined();
  });
});
