import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { groupPods, type PodMetric } from './pod-groups-plan.ts';
import { averageOfPodsReplicas, averageValueReplicas, type PodsCase, utilizationReplicas, valueReplicas } from './replica-plan.ts';
import { requestsOf } from './requests-plan.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const tolerances = { up: 0.1, down: 0.1 };
const ago = (seconds: number) => rfc3339(NOW - seconds * 1000);

interface How {
  phase?: string;
  ready?: string;
  turnedAgo?: number;
  startedAgo?: number;
  deleting?: boolean;
  cpu?: string;
}
const pod = (
  name: string,
  { phase = 'Running', ready = 'True', turnedAgo = 3000, startedAgo = 3600, deleting = false, cpu = '1' }: How = {},
): Pod => ({
  metadata: { name, ...(deleting && { deletionTimestamp: ago(1) }) },
  spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
  status: { phase, startTime: ago(startedAgo), conditions: [{ type: 'Ready', status: ready, lastTransitionTime: ago(turnedAgo) }] },
});
const metric = (milli: number): PodMetric => ({ milli, atMs: NOW - 5000, windowMs: 15_000 });
const names = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);
const use = (...millis: number[]) => new Map(millis.map((milli, i) => [`p${i}`, metric(milli)]));
const cpu = (pods: Pod[], metrics: ReadonlyMap<string, PodMetric>, currentReplicas = pods.length): PodsCase => ({
  currentReplicas,
  pods,
  metrics,
  resource: 'cpu',
  tolerances,
  nowMs: NOW,
});
const utilization = (pods: Pod[], metrics: ReadonlyMap<string, PodMetric>, target: number, more: Partial<PodsCase> = {}) =>
  utilizationReplicas({ ...cpu(pods, metrics), ...more }, requestsOf(pods, 'cpu', undefined), target);

describe('a target of utilization', () => {
  const three = names(3).map((name) => pod(name));
  it('is reached by as many pods as bring the average to it', () => {
    expect(utilization(three, use(300, 500, 700), 30)).toEqual({ replicas: 5, utilization: 50, usageMilli: 500 });
    expect(utilization(three, use(100, 100, 100), 50)).toEqual({ replicas: 1, utilization: 10, usageMilli: 100 });
  });
  it('is left alone within the tolerance, which can be its own for each direction', () => {
    expect(utilization(three, use(540, 540, 540), 50).replicas).toBe(3);
    expect(utilization(three, use(560, 560, 560), 50).replicas).toBe(4);
    expect(utilization(three, use(560, 560, 560), 50, { tolerances: { up: 0.2, down: 0.1 } }).replicas).toBe(3);
    expect(utilization(three, use(320, 320, 320), 50, { tolerances: { up: 0, down: 0.5 } }).replicas).toBe(3);
  });
  it('counts pods without metrics as busy before there are fewer, and as idle before there are more', () => {
    const four = names(4).map((name) => pod(name));
    expect(utilization(four, use(100, 100, 100), 50).replicas).toBe(3);
    expect(utilization(four, use(900, 900, 900), 50).replicas).toBe(6);
    expect(utilization(four, use(520, 520, 520), 40).replicas).toBe(4);
    // More than what is asked for is possible: then that is what busy means.
    expect(utilization(four, use(1000, 1000, 1000), 200).replicas).toBe(3);
  });
  it('counts pods that are not ready as idle before there are more, and not at all before there are fewer', () => {
    const pods = [...three, pod('p3', { phase: 'Pending' })];
    expect(utilization(pods, use(900, 900, 900), 50).replicas).toBe(6);
    expect(utilization(pods, use(100, 100, 100), 50).replicas).toBe(1);
  });
  it('passes over pods that are going or failed', () => {
    const pods = [...three, pod('p3', { deleting: true }), pod('p4', { phase: 'Failed' })];
    expect(utilization(pods, use(300, 500, 700, 1000, 1000), 30)).toMatchObject({ replicas: 5, utilization: 50 });
  });
  it('says why it cannot be told', () => {
    expect(() => utilization([], use(), 50)).toThrow('no pods returned by selector while calculating replica count');
    expect(() => utilization(three, new Map(), 50)).toThrow('did not receive metrics for targeted pods (pods might be unready)');
    const lacking = [{ ...pod('p0'), spec: { containers: [{ name: 'side' }] } }];
    expect(() => utilization(lacking, use(1), 50)).toThrow('missing request for cpu in container side of Pod p0');
    expect(() => requestsOf(three, 'cpu', 'other')).toThrow('container other not found in Pod p0');
  });
});

describe('what a pod asks for', () => {
  it('is the sum of its containers and sidecars, or what is asked for as a whole', () => {
    const both: Pod = {
      metadata: { name: 'p' },
      spec: {
        containers: [{ name: 'a', resources: { requests: { cpu: '100m' } } }],
        initContainers: [
          { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '50m' } } },
          { name: 'once', resources: { requests: { cpu: '5' } } },
        ],
      },
    };
    expect(requestsOf([both], 'cpu', undefined).get('p')).toBe(150);
    expect(requestsOf([both], 'cpu', 'side').get('p')).toBe(50);
    const whole: Pod = { ...both, spec: { ...both.spec, resources: { requests: { cpu: '2' } } } as Pod['spec'] };
    expect(requestsOf([whole], 'cpu', undefined).get('p')).toBe(2000);
    const containers = [{ name: 'a', resources: { requests: { cpu: '100m' } } }, { name: 'b' }];
    const partly: Pod = { metadata: { name: 'p' }, spec: { containers, resources: { requests: { memory: '1Gi' } } } };
    expect(requestsOf([partly], 'cpu', undefined).get('p')).toBe(100);
    expect(() => requestsOf([partly], 'hugepages-2Mi', undefined)).toThrow('missing pod-level request for hugepages-2Mi in Pod p');
  });
});

describe('a pod that starts', () => {
  const kind = (how: How, resource = 'cpu') => {
    const groups = groupPods([pod('p', how)], new Map([['p', metric(1)]]), resource, NOW);
    return groups.unready.has('p') ? 'unready' : 'ready';
  };
  it.each([
    ['in its first minutes and not ready', { startedAgo: 60, ready: 'False', turnedAgo: 60 }, 'unready'],
    ['in its first minutes, and measured before it was ready', { startedAgo: 60, turnedAgo: 15 }, 'unready'],
    ['in its first minutes, and measured since it is ready', { startedAgo: 60, turnedAgo: 25 }, 'ready'],
    ['later, and never ready', { startedAgo: 400, ready: 'False', turnedAgo: 390 }, 'unready'],
    ['later, and ready once', { startedAgo: 400, ready: 'False', turnedAgo: 300 }, 'ready'],
  ] as const)('%s counts as it should', (_, how, expected) => {
    expect(kind(how)).toBe(expected);
    expect(kind(how, 'memory')).toBe('ready');
  });
});

describe('an average over pods', () => {
  it('goes by its own unit, and treats missing pods with care', () => {
    const pods = names(3).map((name) => pod(name));
    const of = (metrics: ReadonlyMap<string, PodMetric>) => averageOfPodsReplicas({ ...cpu(pods, metrics), resource: '' }, 10_000);
    expect(of(use(20_000, 10_000, 30_000))).toEqual({ replicas: 6, usageMilli: 20_000 });
    expect(of(use(1000, 1000)).replicas).toBe(2);
    expect(of(use(20_000, 20_000)).replicas).toBe(4);
  });
});

describe('a value that is no pod’s', () => {
  const asked = (usageMilli: number, targetMilli = 10_000) => ({ usageMilli, targetMilli, tolerances });
  it('is shared by the pods that are ready', () => {
    const pods = [pod('a'), pod('b'), pod('c', { ready: 'False' })];
    expect(valueReplicas(asked(20_000), { currentReplicas: 3, pods })).toEqual({ replicas: 4, usageMilli: 20_000 });
    expect(valueReplicas(asked(10_500), { currentReplicas: 3, pods }).replicas).toBe(3);
    expect(valueReplicas(asked(25_000), { currentReplicas: 0, pods: [] }).replicas).toBe(3);
    expect(() => valueReplicas(asked(25_000), { currentReplicas: 1, pods: [] })).toThrow(
      'unable to calculate ready pods: no pods returned by selector while calculating replica count',
    );
  });
  it('has a target for each pod', () => {
    expect(averageValueReplicas(asked(95_000), 5)).toEqual({ replicas: 10, usageMilli: 19_000 });
    expect(averageValueReplicas(asked(52_000), 5)).toEqual({ replicas: 5, usageMilli: 10_400 });
    expect(averageValueReplicas(asked(95_000), 0)).toEqual({ replicas: 10, usageMilli: 0 });
  });
});

describe('for any pods and metrics', () => {
  const how = fc.record({
    phase: fc.constantFrom('Running', 'Running', 'Running', 'Pending', 'Failed'),
    ready: fc.constantFrom('True', 'False'),
    turnedAgo: fc.integer({ min: 0, max: 600 }),
    startedAgo: fc.integer({ min: 0, max: 900 }),
    deleting: fc.boolean(),
  });
  const cases = fc.record({
    hows: fc.array(how, { minLength: 1, maxLength: 8 }),
    millis: fc.array(fc.option(fc.integer({ min: 0, max: 5000 })), { minLength: 8, maxLength: 8 }),
    target: fc.integer({ min: 1, max: 200 }),
  });
  it('pods of which less is known never make a change larger', () => {
    fc.assert(
      fc.property(cases, ({ hows, millis, target }) => {
        const pods = hows.map((each, i) => pod(`p${i}`, each));
        const metrics = new Map<string, PodMetric>(millis.flatMap((milli, i) => (milli === null ? [] : [[`p${i}`, metric(milli)]])));
        const current = pods.length;
        let proposal: ReturnType<typeof utilization>;
        try {
          proposal = utilization(pods, metrics, target);
        } catch (error) {
          expect((error as Error).message).toMatch(/^did not receive metrics|^no metrics returned/);
          return;
        }
        expect(Number.isInteger(proposal.replicas)).toBe(true);
        expect(proposal.replicas).toBeGreaterThanOrEqual(0);
        const groups = groupPods(pods, metrics, 'cpu', NOW);
        const known = pods.filter(({ metadata }) => metrics.has(metadata?.name ?? '') && groups.ready > 0);
        const ratio = (proposal.utilization ?? 0) / target;
        if (groups.missing.size > 0 || (groups.unready.size > 0 && ratio > 1)) {
          if (ratio > 1) expect(proposal.replicas).toBeGreaterThanOrEqual(Math.min(current, known.length));
          if (ratio < 1 && groups.missing.size > 0) expect(proposal.replicas).toBeLessThanOrEqual(current);
        }
      }),
    );
  });
});
