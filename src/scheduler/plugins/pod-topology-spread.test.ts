import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replicaSets } from '../../api/index.ts';
import type { NodeSpec, Pod, PodSpec, TopologySpreadConstraint } from '../../api/schema/generated/types.ts';
import { FakeScheduler, fakeNode, fakePod } from '../fake-scheduler.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const spread = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: ZONE,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' } },
  ...more,
});
const pod = (constraints: TopologySpreadConstraint[] = [], spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}) =>
  fakePod({ topologySpreadConstraints: constraints, ...spec }, undefined, { labels: { app: 'web' }, ...metadata });
const node = (name: string, zone: string, spec: NodeSpec = {}) => fakeNode(name, { [ZONE]: zone }, { spec });
const zones = () => new FakeScheduler().nodes(node('a1', 'a'), node('a2', 'a'), node('b1', 'b'));

describe('hard spread constraints', () => {
  it('keep the difference between domains within maxSkew', () => {
    const scheduler = zones().place('a1', pod());
    expect(scheduler.select(pod([spread()])).node).toBe('b1');
    expect(scheduler.place('a2', pod()).select(pod([spread({ maxSkew: 3 })])).node).toBeDefined();
    scheduler.nodes(node('b1', 'b', { unschedulable: true }));
    expect(scheduler.select(pod([spread()])).message).toBe(
      "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match pod topology spread constraints.",
    );
  });

  it('refuse nodes without the label', () => {
    const scheduler = new FakeScheduler().nodes(fakeNode('plain'));
    expect(scheduler.select(pod([spread()])).message).toBe(
      "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).",
    );
  });

  it('take the minimum for 0 while there are fewer domains than minDomains', () => {
    const scheduler = zones().place('a1', pod()).place('b1', pod());
    expect(scheduler.select(pod([spread({ minDomains: 2 })])).node).toBeDefined();
    expect(scheduler.select(pod([spread({ minDomains: 3 })])).node).toBeUndefined();
  });

  it('leave nodes out that the pod’s own node affinity rules out, unless told to ignore it', () => {
    const scheduler = zones().nodes(node('c1', 'c')).place('a1', pod()).place('b1', pod());
    const affinity = {
      nodeSelector: undefined,
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['a', 'b'] }] }],
          },
        },
      },
    };
    expect(scheduler.select(pod([spread()], affinity)).node).toBeDefined();
    expect(scheduler.select(pod([spread({ nodeAffinityPolicy: 'Ignore' })], affinity)).node).toBeUndefined();
  });

  it('count tainted nodes unless told to honor taints', () => {
    const scheduler = zones()
      .nodes(node('c1', 'c', { taints: [{ key: 'k', effect: 'NoSchedule' }] }))
      .place('a1', pod())
      .place('b1', pod());
    expect(scheduler.select(pod([spread()])).node).toBeUndefined();
    expect(scheduler.select(pod([spread({ nodeTaintsPolicy: 'Honor' })])).node).toBeDefined();
  });

  it('count pods of the same namespace that stay, and with matchLabelKeys those with the same values', () => {
    const going = pod([], {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const scheduler = zones().place('a1', pod([], {}, { namespace: 'other' }), going, pod([], {}, { labels: { app: 'web', v: '1' } }));
    expect(
      scheduler.select(pod([spread({ matchLabelKeys: ['v'] })], { nodeSelector: { [HOST]: 'a1' } }, { labels: { app: 'web', v: '2' } }))
        .node,
    ).toBe('a1');
    expect(scheduler.select(pod([spread()])).node).toBe('b1');
  });

  it('are never violated, whatever comes and goes', () => {
    const step = fc.record({ remove: fc.boolean(), at: fc.nat(20), skew: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.constantFrom(ZONE, HOST), (steps, topologyKey) => {
        const scheduler = zones();
        const placed: Pod[] = [];
        const countIn = (domain: string | undefined) =>
          scheduler.cache.nodes().flatMap((n) => (n.labels?.[topologyKey] === domain ? [...n.pods()] : [])).length;
        for (const { remove, at, skew } of steps) {
          const [gone] = remove ? placed.splice(at, 1) : [];
          if (gone) scheduler.cache.remove(gone.metadata?.uid ?? '');
          if (remove) continue;
          const next = pod([spread({ topologyKey, maxSkew: skew })]);
          const name = scheduler.schedule(next);
          const domains = [...new Set(scheduler.cache.nodes().map((n) => n.labels?.[topologyKey]))];
          const fewest = Math.min(...domains.map(countIn));
          if (name === undefined) continue;
          placed.push(next);
          const mine = countIn(scheduler.cache.node(name)?.labels?.[topologyKey]);
          // The one that has just come may have raised the minimum.
          const fewestBefore = Math.min(
            ...domains.map((d) => countIn(d) - (d === scheduler.cache.node(name)?.labels?.[topologyKey] ? 1 : 0)),
          );
          expect(mine - fewestBefore).toBeLessThanOrEqual(skew);
          expect(fewest).toBeGreaterThanOrEqual(fewestBefore);
        }
      }),
    );
  });
});

describe('soft spread constraints', () => {
  const soft = (more: Partial<TopologySpreadConstraint> = {}) => spread({ whenUnsatisfiable: 'ScheduleAnyway', ...more });
  it('prefer the emptier domain, and take another when they must', () => {
    const scheduler = zones().place('a1', pod());
    expect(scheduler.select(pod([soft()])).node).toBe('b1');
    expect(scheduler.select(pod([soft()], { nodeSelector: { [ZONE]: 'a' } })).node).toBeDefined();
  });

  it('are there by default for pods of one ReplicaSet', async () => {
    const scheduler = new FakeScheduler();
    scheduler.cluster.seed(replicaSets, {
      metadata: { name: 'rs', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } } },
    });
    await scheduler.sync();
    scheduler.nodes(fakeNode('x'), fakeNode('y'));
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'u', controller: true }];
    const owned = () => fakePod({}, { cpu: '10m' }, { labels: { app: 'web' }, ownerReferences });
    scheduler.place('x', owned(), owned()).place('y', fakePod({}, { cpu: '1', memory: '1Gi' }));
    expect(scheduler.select(owned()).node).toBe('y');
    expect(scheduler.select(fakePod({}, { cpu: '10m' })).node).toBe('x');
  });

  it('by default are those of the configuration when it lists some', async () => {
    const args = { defaultingType: 'List', defaultConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' }] };
    const profiles = [{ pluginConfig: [{ name: 'PodTopologySpread', args }] }];
    const scheduler = new FakeScheduler({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles });
    scheduler.cluster.seed(replicaSets, {
      metadata: { name: 'rs', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } } },
    });
    await scheduler.sync();
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'u', controller: true }];
    const owned = () => pod([], {}, { ownerReferences });
    scheduler.nodes(node('a1', 'a'), node('b1', 'b')).place('a1', owned());
    expect(scheduler.select(owned()).node).toBe('b1');
  });
});
