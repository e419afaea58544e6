import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { abandonment, failedStatus, surplus } from './podgc-plan.ts';

const NOW = '2026-01-01T00:00:00Z';
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
const ended = fc.array(fc.record({ day: fc.integer({ min: 1, max: 9 }), isEvicted: fc.boolean() }), { maxLength: 12 }).map((all) =>
  all.map(
    ({ day, isEvicted }, i): Pod => ({
      metadata: { name: `p${i}`, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
      status: { phase: 'Failed', ...(isEvicted && { reason: 'Evicted' }) },
    }),
  ),
);
const evicted = ({ status }: Pod) => status?.reason === 'Evicted';
const created = ({ metadata }: Pod) => metadata?.creationTimestamp ?? '';

test('ended pods are removed down to the limit and not one further, evicted ones before others, older ones before younger', () => {
  fc.assert(
    fc.property(ended, fc.nat(14), (pods, limit) => {
      const removed = surplus(pods, limit);
      const kept = pods.filter((pod) => !removed.includes(pod));
      expect(kept).toHaveLength(Math.min(limit, pods.length));
      for (const gone of removed)
        for (const stays of kept) {
          expect(evicted(stays) && !evicted(gone)).toBe(false);
          if (evicted(stays) === evicted(gone)) expect(created(gone) <= created(stays)).toBe(true);
        }
      expect(surplus(kept, limit)).toEqual([]);
    }),
  );
});

const somePod = fc
  .record({
    nodeName: fc.constantFrom(undefined, 'a'),
    deletionTimestamp: fc.constantFrom(undefined, NOW),
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed'),
  })
  .map(
    ({ nodeName, deletionTimestamp, phase }): Pod => ({
      metadata: { name: 'p', ...(deletionTimestamp && { deletionTimestamp }) },
      spec: { containers: [], ...(nodeName && { nodeName }) },
      status: { phase },
    }),
  );
const someNode = fc
  .record({ ready: fc.constantFrom('True', 'False', 'Unknown'), taints: fc.subarray([OUT_OF_SERVICE, 'node.kubernetes.io/unreachable']) })
  .map(
    ({ ready, taints }): Node => ({
      metadata: { name: 'a' },
      spec: { taints: taints.map((key) => ({ key, effect: 'NoExecute' })) },
      status: { conditions: [{ type: 'Ready', status: ready }] },
    }),
  );

test('no pod of a node that exists is given up unless it is being deleted, and none at all of one that is ready or in service', () => {
  fc.assert(
    fc.property(somePod, someNode, (pod, node) => {
      const isScheduled = pod.spec?.nodeName !== undefined;
      const isGoing = pod.metadata?.deletionTimestamp !== undefined;
      const isReady = node.status?.conditions?.[0]?.status === 'True';
      const isOut = node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false;
      if (isScheduled) expect(abandonment(pod, node)).toBe(isGoing && !isReady && isOut ? 'out-of-service' : undefined);
      expect(abandonment(pod, undefined)).toBe(isScheduled ? 'missing-node' : isGoing ? 'unscheduled' : undefined);
    }),
  );
});

test('a pod that ended by itself keeps its end; any other fails, and says DisruptionTarget when its node went', () => {
  fc.assert(
    fc.property(somePod, fc.constantFrom('unscheduled', 'out-of-service', 'missing-node', 'surplus'), (pod, why) => {
      const hasEnded = ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '');
      const status = failedStatus(pod, why, NOW);
      expect(status?.phase).toBe(hasEnded ? undefined : 'Failed');
      const said = status?.conditions?.map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime}`);
      expect(said).toEqual(!hasEnded && why === 'missing-node' ? [`DisruptionTarget ${NOW}`] : undefined);
      if (status) expect(failedStatus({ ...pod, status }, why, NOW)).toBeUndefined();
    }),
  );
});
