import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod, PodDisruptionBudget } from '../../api/schema/generated/types.ts';
import { PodInfo } from '../cache/pod-info.ts';
import { FakeScheduler, fakeNode, fakePod } from '../fake-scheduler.ts';
import { CycleState } from '../framework/cycle-state.ts';
import { findVictims } from './dry-run.ts';
import { byImportance, candidatesToFind, type PreemptionCandidate, pickCandidate, splitByBudgets } from './preemption-plan.ts';

const pod = (
  name: string,
  priority: number,
  { startTime, labels = { app: name } }: { startTime?: string; labels?: Record<string, string> } = {},
) =>
  new PodInfo({
    metadata: { name, namespace: 'default', uid: name, labels },
    spec: { priority, containers: [] },
    status: { ...(startTime && { startTime }) },
  });
const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`;
const budget = (disruptionsAllowed: number, matchLabels: Record<string, string>, disruptedPods = {}): PodDisruptionBudget => ({
  metadata: { name: 'b', namespace: 'default' },
  spec: { selector: { matchLabels } },
  status: { disruptionsAllowed, disruptedPods, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
});
const candidate = (nodeName: string, victims: PodInfo[], violations = 0): PreemptionCandidate<PodInfo> => ({
  nodeName,
  victims,
  violations,
});

describe('the choice among candidates', () => {
  const old = { startTime: at(1) };
  const young = { startTime: at(9) };
  it.each([
    ['fewest violated budgets', candidate('x', [pod('a', 0)], 1), candidate('y', [pod('b', 9), pod('c', 9)])],
    ['the least important victim at the top', candidate('x', [pod('a', 5)]), candidate('y', [pod('b', 4), pod('c', 4), pod('d', 4)])],
    ['the smallest sum of priorities', candidate('x', [pod('a', 5), pod('b', 5)]), candidate('y', [pod('c', 5), pod('d', 4)])],
    ['the fewest victims of negative priority', candidate('x', [pod('a', -5), pod('b', -5)]), candidate('y', [pod('c', -5)])],
    ['the latest start', candidate('x', [pod('a', 1, old)]), candidate('y', [pod('b', 1, young)])],
  ])('goes by %s', (_, worse, better) => {
    expect(pickCandidate([worse, better])?.nodeName).toBe('y');
    expect(pickCandidate([better, worse])?.nodeName).toBe('y');
  });

  it('takes the first of equals, and nothing of nothing', () => {
    expect(pickCandidate([candidate('x', [pod('a', 1)]), candidate('y', [pod('b', 1)])])?.nodeName).toBe('x');
    expect(pickCandidate([])).toBeUndefined();
  });
});

it('a pod is more important by its priority, then by how long it has run', () => {
  const pods = [pod('new', 1), pod('young', 1, { startTime: at(9) }), pod('high', 2), pod('old', 1, { startTime: at(1) })].map(
    (p) => p.pod,
  );
  expect(pods.sort(byImportance).map((p) => p.metadata?.name)).toEqual(['high', 'old', 'young', 'new']);
});

describe('budgets', () => {
  const three = ['a', 'b', 'c'].map((name) => pod(name, 0, { labels: { app: 'web' } }));
  const namesOf = (pods: readonly PodInfo[]) => pods.map((p) => p.pod.metadata?.name);
  it('are violated by the pods beyond what they allow', () => {
    const { violating, others } = splitByBudgets(three, [budget(1, { app: 'web' })]);
    expect([namesOf(others), namesOf(violating)]).toEqual([['a'], ['b', 'c']]);
  });
  it('do not count a pod twice that is being evicted already, and mean nobody without a selector', () => {
    expect(namesOf(splitByBudgets(three, [budget(1, { app: 'web' }, { a: at(1) })]).violating)).toEqual(['c']);
    expect(splitByBudgets(three, [budget(0, {})]).violating).toEqual([]);
  });
});

it.each([
  [50, 50],
  [500, 100],
  [5000, 500],
])('of %i nodes %i candidates are enough', (nodes, enough) => {
  expect(candidatesToFind(nodes, { percentage: 10, absolute: 100 })).toBe(enough);
});

describe('the victims on a node', () => {
  const find = (placed: Pod[], incoming: Pod, budgets: PodDisruptionBudget[] = []) => {
    const scheduler = new FakeScheduler().nodes(fakeNode('n')).place('n', ...placed);
    const info = new PodInfo(incoming);
    const state = new CycleState();
    scheduler.profile.preFilter(state, info);
    const node = scheduler.cache.nodes()[0];
    if (!node) throw new Error('no node');
    const found = findVictims('DefaultPreemption', { dryRun: scheduler.profile, state, pod: info, budgets }, node);
    expect(node.podCount).toBe(placed.length);
    return found;
  };
  const sized = (name: string, milli: number, priority: number, labels = {}) =>
    fakePod({ priority }, { cpu: `${milli}m` }, { name, uid: name, labels });

  it('are less important, and none of them could stay', () => {
    const placed = fc.array(fc.record({ milli: fc.integer({ min: 1, max: 1000 }), priority: fc.integer({ min: 0, max: 10 }) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(placed, fc.integer({ min: 1, max: 2000 }), (all, wanted) => {
        const fitting: { milli: number; priority: number }[] = [];
        for (const each of all) if (fitting.reduce((sum, { milli }) => sum + milli, each.milli) <= 2000) fitting.push(each);
        const pods = fitting.map(({ milli, priority }, i) => sized(`p${i}`, milli, priority));
        const found = find(pods, sized('new', wanted, 5));
        const used = fitting.reduce((sum, { milli }) => sum + milli, 0);
        const fixed = fitting.reduce((sum, { milli, priority }) => sum + (priority >= 5 ? milli : 0), 0);
        if ('code' in found) {
          expect(fixed + wanted > 2000 || fitting.every(({ priority }) => priority >= 5)).toBe(true);
          return;
        }
        const sizes = found.victims.map(({ requests, priority }) => {
          expect(priority).toBeLessThan(5);
          return requests.milliCpu;
        });
        const left = used - sizes.reduce((sum, milli) => sum + milli, 0);
        expect(left + wanted).toBeLessThanOrEqual(2000);
        // Minimal: with any one of them back, the pod would not fit.
        for (const milli of sizes) expect(left + milli + wanted).toBeGreaterThan(2000);
      }),
    );
  });

  it('are those whose budgets allow it rather than others', () => {
    const placed = [sized('kept', 1000, 0, { app: 'kept' }), sized('free', 1000, 4, { app: 'free' })];
    const found = find(placed, sized('new', 1000, 5), [budget(0, { app: 'kept' })]);
    expect('victims' in found && [found.victims.map(({ key }) => key), found.violations]).toEqual([['free'], 0]);
    const forced = find(placed, sized('new', 2000, 5), [budget(0, { app: 'kept' })]);
    expect('victims' in forced && [forced.victims.map(({ key }) => key), forced.violations]).toEqual([['free', 'kept'], 1]);
  });

  it('may be pods that keep the new one away, not pods that it needs', () => {
    const term = (app: string) => [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } }];
    const hostile = fakePod(
      { priority: 0, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term('new') } } },
      undefined,
      { uid: 'hostile' },
    );
    const incoming = fakePod({ priority: 5 }, undefined, { labels: { app: 'new' } });
    const found = find([hostile, fakePod({ priority: 0 })], incoming);
    expect('victims' in found && found.victims.map(({ key }) => key)).toEqual(['hostile']);
  });
});
