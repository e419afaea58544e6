import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { DeleteOptions } from '../../api/transport.ts';
import { endsWithUpdate, planDelete } from './delete-plan.ts';

const NOW = Date.UTC(2026, 0, 1);
const policy = fc.option(fc.constantFrom('Orphan', 'Background', 'Foreground'), { nil: undefined });
const options: fc.Arbitrary<DeleteOptions> = fc.record({
  gracePeriodSeconds: fc.option(fc.integer({ min: -1, max: 60 }), { nil: undefined }),
  propagationPolicy: policy as fc.Arbitrary<DeleteOptions['propagationPolicy']>,
});
const pod: fc.Arbitrary<KubeObject> = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Pod'),
  metadata: fc.record({ name: fc.constant('p'), finalizers: fc.subarray(['a/b', 'orphan']) }),
  spec: fc.record({ nodeName: fc.constantFrom('', 'n'), terminationGracePeriodSeconds: fc.integer({ min: 0, max: 60 }) }),
}) as fc.Arbitrary<KubeObject>;

it('never lengthens a grace period, and never unmarks', () => {
  fc.assert(
    fc.property(pod, fc.array(options, { minLength: 1, maxLength: 5 }), (start, requests) => {
      let object = start;
      for (const request of requests) {
        const plan = planDelete(object, { gracefulDeletion: true, orphansByDefault: false }, request, NOW);
        if (plan.do === 'remove') return;
        if (plan.do === 'nothing') continue;
        const before = object.metadata?.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY;
        expect(plan.metadata.deletionTimestamp).toBeDefined();
        expect(plan.metadata.deletionGracePeriodSeconds ?? 0).toBeLessThanOrEqual(before);
        object = { ...object, metadata: plan.metadata };
      }
    }),
  );
});

it('removes only what no finalizer holds', () => {
  fc.assert(
    fc.property(pod, options, (object, request) => {
      const plan = planDelete(object, { gracefulDeletion: true, orphansByDefault: false }, request, NOW);
      const others = object.metadata?.finalizers?.filter((name) => name !== 'orphan') ?? [];
      if (others.length > 0 || request.propagationPolicy === 'Foreground') expect(plan.do).toBe('mark');
    }),
  );
});

it('an object that is not being deleted outlives every update', () => {
  fc.assert(
    fc.property(pod, (object) => {
      expect(endsWithUpdate(object)).toBe(false);
    }),
  );
});

it('a namespace is marked first, without a grace period, and goes when it is asked for again', () => {
  const kind = { gracefulDeletion: false, orphansByDefault: false };
  const namespace = (metadata: object, finalizers: string[]) =>
    ({ apiVersion: 'v1', kind: 'Namespace', metadata, spec: { finalizers } }) as KubeObject;
  const marked = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  expect(planDelete(namespace({}, []), kind, {}, NOW)).toEqual({ do: 'mark', metadata: marked });
  expect(planDelete(namespace(marked, ['kubernetes']), kind, { propagationPolicy: 'Foreground' }, NOW)).toEqual({ do: 'nothing' });
  expect(planDelete(namespace(marked, []), kind, {}, NOW)).toEqual({ do: 'remove' });
});

const plain = { gracefulDeletion: true, orphansByDefault: false };
const scheduled = (metadata: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'n' } }) as KubeObject;
const in30s = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };

it.each<[string, object, DeleteOptions, object]>([
  [
    'without grace is marked at its end',
    { generation: 1 },
    { gracePeriodSeconds: 0 },
    {
      do: 'remove',
      metadata: { generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 },
    },
  ],
  [
    'whose grace ends now is marked so',
    in30s,
    { gracePeriodSeconds: 0 },
    {
      do: 'remove',
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 },
    },
  ],
  [
    'gets less time',
    in30s,
    { gracePeriodSeconds: 10 },
    {
      do: 'mark',
      metadata: { deletionTimestamp: '2026-01-01T00:00:10Z', deletionGracePeriodSeconds: 10 },
    },
  ],
  [
    'whose shorter grace would be over keeps a second',
    { ...in30s, deletionTimestamp: '2026-01-01T00:00:05Z' },
    { gracePeriodSeconds: 10 },
    {
      do: 'mark',
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 1 },
    },
  ],
  ['without grace left goes as it is', { ...in30s, deletionGracePeriodSeconds: 0 }, {}, { do: 'remove' }],
])('a pod %s', (_, metadata, asked, plan) => expect(planDelete(scheduled(metadata), plain, asked, NOW)).toEqual(plan));
