import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { printedSelector } from '../lib/printed-selector-plan.ts';
import { DELETION_TIMEOUT_MS, disruptionTargetExpiresInMs, needsScale, planBudget } from './disruption-plan.ts';

const NOW = Date.UTC(2026, 0, 2);
const pod = (name: string, ready = true, deleting = false): Pod => ({
  metadata: { name, ...(deleting && { deletionTimestamp: rfc3339(NOW) }) },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const pods = (count: number) => Array.from({ length: count }, (_, i) => pod(`p${i}`));
const budget = (spec: PodDisruptionBudgetSpec, status?: PodDisruptionBudget['status']): PodDisruptionBudget => ({
  metadata: { name: 'b', namespace: 'n', generation: 3 },
  spec,
  ...(status && { status }),
});
const plan = (spec: PodDisruptionBudgetSpec, all: readonly Pod[], scale: number) =>
  planBudget({ budget: budget(spec), pods: all, scale, nowMs: NOW }).status;

test.each([
  [{ minAvailable: 2 }, { expectedPods: 3, desiredHealthy: 2, disruptionsAllowed: 1 }],
  [{ minAvailable: 5 }, { expectedPods: 3, desiredHealthy: 5, disruptionsAllowed: 0 }],
  [{ minAvailable: '50%' }, { expectedPods: 7, desiredHealthy: 4, disruptionsAllowed: 0 }],
  [{ maxUnavailable: '30%' }, { expectedPods: 7, desiredHealthy: 4, disruptionsAllowed: 0 }],
  [{ maxUnavailable: 5 }, { expectedPods: 7, desiredHealthy: 2, disruptionsAllowed: 1 }],
  [{ maxUnavailable: 9 }, { expectedPods: 7, desiredHealthy: 0, disruptionsAllowed: 3 }],
  [{}, { expectedPods: 0, desiredHealthy: 0, disruptionsAllowed: 0 }],
])('%j of three pods, of which seven are wanted, gives %j', (spec, expected) => {
  expect(plan(spec, pods(3), 7)).toMatchObject({ ...expected, currentHealthy: 3, observedGeneration: 3 });
});

test('what is no number of pods is an error', () => {
  expect(() => plan({ minAvailable: 'half' }, pods(1), 1)).toThrow('invalid value for IntOrString');
});

const amount = fc.oneof(
  fc.nat(12),
  fc.nat(100).map((n) => `${n}%`),
);
const spec: fc.Arbitrary<PodDisruptionBudgetSpec> = fc.oneof(
  amount.map((minAvailable) => ({ minAvailable })),
  amount.map((maxUnavailable) => ({ maxUnavailable })),
);

test('evicting as many as are allowed never leaves fewer healthy pods than desired, and the plan is stable', () => {
  fc.assert(
    fc.property(spec, fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 12 }), fc.nat(12), (s, traits, scale) => {
      const all = traits.map(([ready, deleting], i) => pod(`p${i}`, ready, deleting));
      const status = plan(s, all, scale);
      const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, conditions = [] } = status ?? {};
      expect(disruptionsAllowed).toBeGreaterThanOrEqual(0);
      if (disruptionsAllowed > 0) expect(currentHealthy - disruptionsAllowed).toBeGreaterThanOrEqual(desiredHealthy);
      expect(conditions).toMatchObject([
        disruptionsAllowed > 0 ? { status: 'True', reason: 'SufficientPods' } : { status: 'False', reason: 'InsufficientPods' },
      ]);
      const again = planBudget({ budget: budget(s, status), pods: all, scale, nowMs: NOW + 5000 });
      expect(again.status).toBeUndefined();
      expect(needsScale(budget(s))).toBe(typeof s.minAvailable !== 'number');
    }),
  );
});

test('an evicted pod does not count until it goes, or until two minutes have passed without that', () => {
  const evicted = { disruptionsAllowed: 0, disruptedPods: { p0: rfc3339(NOW), gone: rfc3339(NOW) } };
  const at = (nowMs: number, all: readonly Pod[]) =>
    planBudget({ budget: budget({ minAvailable: 1 }, evicted), pods: all, scale: 0, nowMs });
  const soon = at(NOW + 1000, pods(2));
  expect(soon.status).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0, disruptedPods: { p0: rfc3339(NOW) } });
  expect(Object.keys(soon.status?.disruptedPods ?? {})).toEqual(['p0']);
  expect(soon.afterMs).toBe(DELETION_TIMEOUT_MS - 1000);
  const late = at(NOW + DELETION_TIMEOUT_MS, pods(2));
  expect(late.status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
  expect(late.status?.disruptedPods).toBeUndefined();
  expect(late.notDeleted.map((p) => p.metadata?.name)).toEqual(['p0']);
  expect(at(NOW, [pod('p0', true, true), pod('p1')]).status?.disruptedPods).toBeUndefined();
});

test('the time of the condition moves with its status alone', () => {
  const first = plan({ minAvailable: 1 }, pods(2), 0);
  const at = (all: readonly Pod[]) =>
    planBudget({ budget: budget({ minAvailable: 1 }, first), pods: all, scale: 0, nowMs: NOW + 60_000 }).status?.conditions?.[0];
  expect(at(pods(3))?.lastTransitionTime).toBe(rfc3339(NOW));
  expect(at(pods(1))).toMatchObject({ status: 'False', lastTransitionTime: rfc3339(NOW + 60_000) });
});

test('the condition DisruptionTarget goes stale after two minutes, unless the kubelet set it or the pod ends', () => {
  const target = (more: object = {}, phase = 'Running'): Pod => ({
    metadata: { name: 'p' },
    status: { phase, conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: rfc3339(NOW), ...more }] },
  });
  expect(disruptionTargetExpiresInMs(target(), NOW + 1000)).toBe(119_000);
  expect(disruptionTargetExpiresInMs(target({ reason: 'TerminationByKubelet' }), NOW)).toBeUndefined();
  expect(disruptionTargetExpiresInMs(target({ status: 'False' }), NOW)).toBeUndefined();
  expect(disruptionTargetExpiresInMs(target({}, 'Failed'), NOW)).toBeUndefined();
});

test('selectors are shown as Go prints them', () => {
  expect(printedSelector({ matchLabels: { b: '2', a: '1' } })).toBe(
    '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{},}',
  );
});
