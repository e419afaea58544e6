import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { PodInfo } from '../cache/pod-info.ts';
import { Action, type ClusterEvent } from '../framework/cluster-event.ts';
import { refusal } from '../framework/refusal.ts';
import { prioritySort } from '../plugins/priority-sort.ts';
import { schedulingGates } from '../plugins/scheduling-gates.ts';
import { Heap } from './heap.ts';
import type { QueuedPod } from './queued-pod.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

const pod = (name: string, priority = 0, more: Partial<Pod['spec']> = {}) =>
  new PodInfo({ metadata: { name, namespace: 'default', uid: name }, spec: { priority, containers: [], ...more } });
const nameOf = (queued: QueuedPod | undefined) => queued?.info.pod.metadata?.name;
const NODE_ADDED: ClusterEvent = { resource: 'nodes', actions: Action.add, object: { metadata: { name: 'n' } } };
const NO_EVENT = { pending: false };

function setUp() {
  const clock = fakeClock();
  const helpful = new Set(['Fit']);
  const queue = new SchedulingQueue({
    clock,
    initialBackoffMs: 1000,
    maxBackoffMs: 10_000,
    sort: prioritySort.queueSort as NonNullable<typeof prioritySort.queueSort>,
    preEnqueue: (p) => schedulingGates.preEnqueue?.(p),
    interested: ({ resource }) => (resource === 'nodes' ? ['Fit', 'Ports'] : ['SchedulingGates']),
    isHelpful: (plugin) => helpful.has(plugin) || plugin === 'SchedulingGates',
  });
  const pop = () => queue.pop() as QueuedPod;
  /** A pod that keeps the queue from having nothing to do. */
  const busy = () => queue.add(pod('busy', -1));
  return { clock, helpful, queue, pop, busy };
}

describe('the scheduling queue', () => {
  it('gives the highest priority first and the oldest among equals', () => {
    const { queue } = setUp();
    for (const p of [pod('old'), pod('young'), pod('important', 10)]) queue.add(p);
    expect([nameOf(queue.pop()), nameOf(queue.pop()), nameOf(queue.pop()), queue.pop()]).toEqual(['important', 'old', 'young', undefined]);
  });

  it('keeps a pod until something happens that helps a plugin which refused it, and then for its back-off', async () => {
    const { clock, queue, pop, busy } = setUp();
    queue.add(pod('a'));
    queue.refused(pop(), new Set(['Ports']), NO_EVENT);
    queue.move(NODE_ADDED);
    await clock.advance(60_000);
    expect(queue.placeOf('a')).toBe('unschedulable');
    queue.add(pod('b'));
    queue.refused(pop(), new Set(['Ports', 'Fit']), NO_EVENT);
    busy();
    queue.move(NODE_ADDED);
    expect(queue.placeOf('b')).toBe('backoff');
    await clock.advance(1000);
    expect(nameOf(queue.pop())).toBe('b');
  });

  it('doubles the back-off with each refusal up to its maximum, and takes none from a pod that waits for something outside', async () => {
    const { clock, queue, pop } = setUp();
    queue.add(pod('a'));
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      queue.refused(pop(), new Set(['Fit']), NO_EVENT);
      queue.move(NODE_ADDED);
      queue.add(pod('busy', -1));
      await clock.advance(seconds * 1000 - 1);
      expect(nameOf(queue.pop())).toBe('busy');
      queue.delete('busy');
      await clock.advance(1);
    }
    queue.refused(pop(), new Set(['Fit']), { pending: true });
    queue.move(NODE_ADDED);
    expect(queue.placeOf('a')).toBe('active');
  });

  it('does not wait for the back-off of a refused pod when nothing else is there, but does after an error', async () => {
    const { clock, queue, pop } = setUp();
    queue.add(pod('a'));
    queue.refused(pop(), new Set(['Fit']), NO_EVENT);
    queue.move(NODE_ADDED);
    expect(queue.nextDueMs()).toBe(0);
    queue.failed(pop());
    expect([queue.pop(), queue.nextDueMs()]).toEqual([undefined, 1000]);
    await clock.advance(1000);
    expect(nameOf(queue.pop())).toBe('a');
  });

  it('looks at an unschedulable pod after five minutes although nothing happened', async () => {
    const { clock, queue, pop } = setUp();
    queue.add(pod('a'));
    queue.refused(pop(), new Set(['Fit']), NO_EVENT);
    expect(queue.nextDueMs()).toBe(300_000);
    await clock.advance(300_000);
    expect(nameOf(queue.pop())).toBe('a');
  });

  it('keeps a gated pod out until its gates are gone', () => {
    const { queue } = setUp();
    const gated = pod('a', 0, { schedulingGates: [{ name: 'g' }] });
    queue.add(gated);
    expect([queue.placeOf('a'), queue.pop(), queue.nextDueMs()]).toEqual(['gated', undefined, undefined]);
    const event = { resource: 'pods/unscheduled', actions: Action.podGatesGone, object: gated.pod };
    queue.update(pod('a'), event);
    expect(nameOf(queue.pop())).toBe('a');
  });

  it('orders a pod anew when its priority changes, and drops one that is gone', () => {
    const { queue } = setUp();
    for (const p of [pod('a'), pod('b'), pod('c')]) queue.add(p);
    queue.update(pod('b', 5), undefined);
    queue.delete('c');
    expect([nameOf(queue.pop()), nameOf(queue.pop()), queue.pop()]).toEqual(['b', 'a', undefined]);
  });

  it('forgets a pod that was deleted while it was being scheduled', () => {
    const { queue, pop } = setUp();
    queue.add(pod('a'));
    const taken = pop();
    queue.delete('a');
    queue.refused(taken, new Set(['Fit']), NO_EVENT);
    expect(queue.size).toBe(0);
  });

  it('refuses with a name that says which plugin gated', () => {
    expect(schedulingGates.preEnqueue?.(pod('a', 0, { schedulingGates: [{ name: 'x' }, { name: 'y' }] }).pod)).toEqual(
      refusal('SchedulingGates', 'UnschedulableAndUnresolvable', 'waiting for scheduling gates: [x y]'),
    );
  });
});

describe('the heap', () => {
  it('gives what is left in order, whatever was removed from its middle', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.array(fc.nat(30)), (values, removed) => {
        const items = values.map((value, serial) => ({ value, serial }));
        const heap = new Heap<{ value: number; serial: number }>((a, b) => a.value - b.value || a.serial - b.serial);
        for (const item of items) heap.push(item);
        const gone = new Set(removed.flatMap((at) => items[at] ?? []));
        for (const item of gone) expect(heap.delete(item)).toBe(true);
        const left = items.filter((item) => !gone.has(item)).sort((a, b) => a.value - b.value || a.serial - b.serial);
        expect(Array.from(left, () => heap.pop())).toEqual(left);
        expect(heap.size).toBe(0);
      }),
    );
  });
});
