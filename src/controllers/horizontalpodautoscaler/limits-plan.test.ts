import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V2HPAScalingRules } from '../../api/schema/generated/types.ts';
import { type History, limitReplicas, recordChange } from './limits-plan.ts';

const NOW = 10_000_000;
const EMPTY: History = { recommendations: [], added: [], removed: [] };
const ago = (seconds: number) => NOW - seconds * 1000;
const recommended = (...entries: [replicas: number, secondsAgo: number][]): History => ({
  ...EMPTY,
  recommendations: entries.map(([replicas, seconds]) => ({ replicas, atMs: ago(seconds) })),
});
const pods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds });
const percent = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds });
const behavior = (scaleUp: V2HPAScalingRules = {}, scaleDown: V2HPAScalingRules = {}) => ({
  scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [percent(100, 15), pods(4, 15)], ...scaleUp },
  scaleDown: { selectPolicy: 'Max', policies: [percent(100, 15)], ...scaleDown },
});
const limits = (how: Partial<Parameters<typeof limitReplicas>[2]> = {}) => ({ min: 1, max: 100, behavior: undefined, ...how });

describe('without a behavior', () => {
  it('there are at most twice as many, or four', () => {
    expect(limitReplicas(1, 50, limits(), EMPTY, NOW)).toMatchObject({
      replicas: 4,
      stabilised: { reason: 'ReadyForNewScale' },
      limited: { isLimited: true, reason: 'ScaleUpLimit' },
    });
    expect(limitReplicas(10, 50, limits(), EMPTY, NOW).replicas).toBe(20);
    expect(limitReplicas(10, 50, limits({ max: 15 }), EMPTY, NOW)).toMatchObject({
      replicas: 15,
      limited: { isLimited: true, reason: 'TooManyReplicas' },
    });
  });
  it('there are fewer only after five minutes in which fewer would have been enough', () => {
    const held = limitReplicas(10, 2, limits(), recommended([10, 299], [3, 10]), NOW);
    expect(held).toMatchObject({ replicas: 10, stabilised: { reason: 'ScaleDownStabilized' }, limited: { isLimited: false } });
    expect(limitReplicas(10, 2, limits(), recommended([10, 301], [3, 10]), NOW).replicas).toBe(3);
    expect(limitReplicas(10, 0, limits({ min: 2 }), recommended([0, 200]), NOW)).toMatchObject({
      replicas: 2,
      limited: { isLimited: true, reason: 'TooFewReplicas' },
    });
  });
  it('the first pass recommends what is there, so that a restart takes nothing away', () => {
    const first = limitReplicas(10, 2, limits(), EMPTY, NOW);
    expect(first.replicas).toBe(10);
    expect(first.recommendations).toEqual([
      { replicas: 10, atMs: NOW },
      { replicas: 2, atMs: NOW },
    ]);
  });
});

describe('policies', () => {
  it.each([
    ['the larger of two', { policies: [pods(4), percent(100)] }, 10, 20],
    ['the smaller of two', { policies: [pods(4), percent(100)], selectPolicy: 'Min' }, 10, 14],
    ['percent rounded up', { policies: [percent(10)] }, 5, 6],
    ['none at all', { selectPolicy: 'Disabled' }, 10, 10],
  ])('let %s come', (_, scaleUp, current, expected) => {
    expect(limitReplicas(current, 90, limits({ behavior: behavior(scaleUp) }), EMPTY, NOW).replicas).toBe(expected);
  });
  it.each([
    ['the larger of two', { policies: [pods(1), percent(50)] }, 10, 5],
    ['the smaller of two', { policies: [pods(1), percent(50)], selectPolicy: 'Min' }, 10, 9],
    ['percent rounded up', { policies: [percent(10)] }, 5, 4],
    ['none at all', { selectPolicy: 'Disabled' }, 10, 10],
  ])('let %s go', (_, scaleDown, current, expected) => {
    const now = { stabilizationWindowSeconds: 0, ...scaleDown };
    expect(limitReplicas(current, 1, limits({ behavior: behavior({}, now) }), recommended([1, 1]), NOW).replicas).toBe(expected);
  });
  it('count what came and went within their period', () => {
    const history: History = { ...recommended([1, 1]), added: [{ pods: 3, atMs: ago(30) }], removed: [{ pods: 1, atMs: ago(200) }] };
    expect(limitReplicas(10, 90, limits({ behavior: behavior({ policies: [pods(4, 60)] }) }), history, NOW)).toMatchObject({
      replicas: 11,
      limited: { isLimited: true, reason: 'ScaleUpLimit' },
    });
    const scaleDown = { stabilizationWindowSeconds: 0, policies: [pods(2, 300)] };
    // Ten now, three came and one went in the last five minutes: there were eight, so six may stay.
    expect(limitReplicas(10, 1, limits({ behavior: behavior({}, scaleDown) }), history, NOW)).toMatchObject({
      replicas: 6,
      limited: { reason: 'ScaleDownLimit' },
    });
  });
  it('never turn a wish for more into fewer, when too many came already', () => {
    const history: History = { ...EMPTY, added: [{ pods: 9, atMs: ago(5) }] };
    expect(limitReplicas(10, 90, limits({ behavior: behavior({ policies: [pods(1)] }) }), history, NOW).replicas).toBe(10);
  });
});

describe('windows', () => {
  it('of scaling up let as many come as were wanted throughout', () => {
    const how = limits({ behavior: behavior({ stabilizationWindowSeconds: 60 }) });
    const held = limitReplicas(4, 8, how, recommended([5, 59], [8, 30]), NOW);
    expect(held).toMatchObject({ replicas: 5, stabilised: { reason: 'ScaleUpStabilized' } });
    expect(limitReplicas(4, 8, how, recommended([5, 61], [8, 30]), NOW).replicas).toBe(8);
  });
  it('of scaling down are five minutes unless they are given', () => {
    expect(limitReplicas(8, 2, limits({ behavior: behavior() }), recommended([8, 299]), NOW).replicas).toBe(8);
    const how = limits({ behavior: behavior({}, { stabilizationWindowSeconds: 0 }) });
    expect(limitReplicas(8, 2, how, recommended([8, 1]), NOW).replicas).toBe(2);
  });
});

describe('what is remembered', () => {
  it('are changes within the longest period of any policy', () => {
    const how = behavior({ policies: [pods(1, 100)] });
    const history = recordChange({ ...EMPTY, added: [{ pods: 1, atMs: ago(101) }] }, 2, 5, how, NOW);
    expect(history).toMatchObject({ added: [{ pods: 3, atMs: NOW }], removed: [] });
    expect(recordChange(history, 5, 4, how, NOW)).toMatchObject({ added: [{ pods: 3 }], removed: [{ pods: 1 }] });
    expect(recordChange(history, 5, 4, undefined, NOW)).toBe(history);
  });
});

describe('for anything that may be asked', () => {
  const policy = fc.record({
    type: fc.constantFrom('Pods', 'Percent'),
    value: fc.integer({ min: 1, max: 200 }),
    periodSeconds: fc.integer({ min: 1, max: 1800 }),
  });
  const rules = fc.record({
    stabilizationWindowSeconds: fc.integer({ min: 0, max: 3600 }),
    selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
    policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
  });
  const times = fc.integer({ min: 0, max: 4000 }).map(ago);
  const history = fc.record({
    recommendations: fc.array(fc.record({ replicas: fc.integer({ min: 0, max: 60 }), atMs: times })),
    added: fc.array(fc.record({ pods: fc.integer({ min: 1, max: 10 }), atMs: times })),
    removed: fc.array(fc.record({ pods: fc.integer({ min: 1, max: 10 }), atMs: times })),
  });
  const anything = fc
    .record({
      bounds: fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 30 })),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      desired: fc.integer({ min: 0, max: 200 }),
      behavior: fc.option(fc.record({ scaleUp: rules, scaleDown: rules }), { nil: undefined }),
      history,
    })
    .map(({ bounds: [min, more], part, ...rest }) => ({ ...rest, min, max: min + more, current: min + Math.floor(part * more) }));

  it('the size stays within the bounds', () => {
    fc.assert(
      fc.property(anything, ({ current, desired, history: before, ...how }) => {
        const { replicas } = limitReplicas(current, desired, how, before, NOW);
        expect(replicas).toBeGreaterThanOrEqual(how.min);
        expect(replicas).toBeLessThanOrEqual(how.max);
      }),
    );
  });
  it('there are never fewer than any recommendation within the window of scaling down, as far as they are there', () => {
    fc.assert(
      fc.property(anything, ({ current, desired, history: before, ...how }) => {
        const { replicas } = limitReplicas(current, desired, how, before, NOW);
        const windowMs = (how.behavior?.scaleDown.stabilizationWindowSeconds ?? 300) * 1000;
        const recent = before.recommendations.filter(({ atMs }) => atMs > NOW - windowMs).map((r) => r.replicas);
        expect(replicas).toBeGreaterThanOrEqual(Math.min(current, Math.max(desired, ...recent)));
      }),
    );
  });
  it('no more come, and no more go, than the policies let', () => {
    fc.assert(
      fc.property(anything, ({ current, desired, history: before, ...how }) => {
        fc.pre(how.behavior !== undefined);
        const { replicas } = limitReplicas(current, desired, how, before, NOW);
        const { scaleUp, scaleDown } = how.behavior ?? {
          scaleUp: { selectPolicy: '', policies: [] },
          scaleDown: { selectPolicy: '', policies: [] },
        };
        const start = (seconds: number) => {
          const within = ({ atMs }: { atMs: number }) => atMs > NOW - seconds * 1000;
          const count = (changes: History['added']) => changes.filter(within).reduce((sum, each) => sum + each.pods, 0);
          return current - count(before.added) + count(before.removed);
        };
        if (replicas > current) {
          expect(scaleUp.selectPolicy).not.toBe('Disabled');
          const most = scaleUp.policies.map((p) => {
            const from = start(p.periodSeconds);
            return p.type === 'Pods' ? from + p.value : Math.ceil(from * (1 + p.value / 100));
          });
          expect(replicas).toBeLessThanOrEqual(scaleUp.selectPolicy === 'Min' ? Math.min(...most) : Math.max(...most));
        }
        if (replicas < current) {
          expect(scaleDown.selectPolicy).not.toBe('Disabled');
          const fewest = scaleDown.policies.map((p) => {
            const from = start(p.periodSeconds);
            return p.type === 'Pods' ? from - p.value : Math.trunc(from * (1 - p.value / 100));
          });
          expect(replicas).toBeGreaterThanOrEqual(scaleDown.selectPolicy === 'Min' ? Math.max(...fewest) : Math.min(...fewest));
        }
      }),
    );
  });
  it('without a reason for a change there is none', () => {
    fc.assert(
      fc.property(anything, ({ current, history: before, ...how }) => {
        const same = { ...before, recommendations: before.recommendations.map((r) => ({ ...r, replicas: current })) };
        expect(limitReplicas(current, current, how, same, NOW)).toMatchObject({ replicas: current, limited: { isLimited: false } });
      }),
    );
  });
});
