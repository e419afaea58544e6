import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planFinalization, type Remains } from './namespace-plan.ts';

const T0 = Date.UTC(2026, 0, 1);
const arbitraryRemains: fc.Arbitrary<Remains> = fc.record({
  resource: fc.constantFrom('pods', 'configmaps', 'deployments.apps'),
  count: fc.nat(3),
  finalizers: fc.array(fc.tuple(fc.constantFrom('a/x', 'b/y'), fc.integer({ min: 1, max: 3 }))).map((entries) => new Map(entries)),
  error: fc.option(fc.constant('no'), { nil: undefined }),
});

test('a namespace goes exactly when nothing is left and nothing failed; its conditions say the same', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRemains), (remains) => {
      const { finalize, conditions } = planFinalization(undefined, remains, T0);
      const is = (type: string) => conditions.find((c) => c.type === type)?.status === 'True';
      expect(is('NamespaceContentRemaining')).toBe(remains.some((r) => r.count > 0));
      expect(is('NamespaceDeletionContentFailure')).toBe(remains.some((r) => r.error));
      expect(finalize).toBe(!is('NamespaceContentRemaining') && !is('NamespaceDeletionContentFailure'));
    }),
  );
});

test('the same findings later leave the conditions as they are', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRemains), (remains) => {
      const { conditions } = planFinalization(undefined, remains, T0);
      expect(planFinalization(conditions, remains, T0 + 60_000).conditions).toEqual(conditions);
    }),
  );
});
