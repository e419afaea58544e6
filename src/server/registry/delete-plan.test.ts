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
