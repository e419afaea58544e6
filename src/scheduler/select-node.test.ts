import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { NodeInfo } from './cache/node-info.ts';
import { FakeScheduler, fakeNode, fakePod } from './fake-scheduler.ts';

describe('choosing a node', () => {
  it('prefers the least allocated of the nodes that fit', () => {
    const scheduler = new FakeScheduler().nodes(fakeNode('busy'), fakeNode('idle')).place('busy', fakePod({}, { cpu: '1', memory: '1Gi' }));
    expect(scheduler.select(fakePod({}, { cpu: '500m' }))).toEqual({ node: 'idle' });
  });

  it('says why no node will do, counted and sorted', () => {
    const cordoned = fakeNode('cordoned', {}, { spec: { unschedulable: true } });
    const tainted = fakeNode('tainted', {}, { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
    const scheduler = new FakeScheduler().nodes(fakeNode('full'), cordoned, tainted).place('full', fakePod({}, { cpu: '2' }));
    expect(scheduler.select(fakePod({}, { cpu: '1' })).message).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.',
    );
  });

  it('names every resource that is short on a node', () => {
    const scheduler = new FakeScheduler().nodes(fakeNode('a'), fakeNode('b', {}, { status: { allocatable: { pods: '0' } } }));
    expect(scheduler.select(fakePod({}, { cpu: '3', memory: '5Gi', 'example.com/gpu': '1' })).message).toBe(
      '0/2 nodes are available: 1 Too many pods, 2 Insufficient cpu, 2 Insufficient example.com/gpu, 2 Insufficient memory.',
    );
  });

  it('honours nodeSelector, required affinity and tolerations', () => {
    const ssd = fakeNode('ssd', { disk: 'ssd' }, { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] } });
    const scheduler = new FakeScheduler().nodes(fakeNode('plain'), ssd);
    const term = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } };
    expect(scheduler.select(fakePod({ nodeSelector: { disk: 'ssd' } })).node).toBeUndefined();
    const tolerations = [{ key: 'k', operator: 'Equal', value: 'v' }];
    expect(scheduler.select(fakePod({ affinity, tolerations }))).toEqual({ node: 'ssd' });
  });

  it('looks only at the nodes that a pod names, as those of DaemonSets do', () => {
    const scheduler = new FakeScheduler().nodes(fakeNode('a'), fakeNode('b'), fakeNode('c', {}, { spec: { unschedulable: true } }));
    const named = (name: string) => {
      const matchFields = [{ key: 'metadata.name', operator: 'In', values: [name] }];
      const nodeSelectorTerms = [{ matchFields }];
      return fakePod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
    };
    expect(scheduler.select(named('b'))).toEqual({ node: 'b' });
    expect(scheduler.select(named('c')).message).toBe(
      "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    );
  });

  it('gives a host port once, by address', () => {
    const ports = (hostIP?: string) =>
      fakePod({ containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80, ...(hostIP && { hostIP }) }] }] });
    const scheduler = new FakeScheduler().nodes(fakeNode('a'), fakeNode('b')).place('a', ports()).place('b', ports('10.0.0.2'));
    expect(scheduler.select(ports('10.0.0.1'))).toEqual({ node: 'b' });
    expect(scheduler.select(ports()).message).toBe(
      "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
    );
  });

  it('looks at enough nodes, and at all of them in turn', () => {
    const scheduler = new FakeScheduler();
    scheduler.nodes(...Array.from({ length: 300 }, (_, i) => fakeNode(`n${i}`)));
    const chosen = new Set(Array.from({ length: 3 }, () => scheduler.select(fakePod()).node));
    expect(chosen.size).toBe(3);
  });

  it('looks at no pod that is placed, however many there are, once it knows what pods of the kind ask for', () => {
    const labels = { app: 'web' };
    const labelSelector = { matchLabels: labels };
    const spread = { maxSkew: 5, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector };
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'other' } } };
    let serial = 0;
    const web = () => {
      serial += 1;
      return fakePod(
        {
          topologySpreadConstraints: [spread],
          affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
        },
        { cpu: '1m' },
        { labels, name: `web-${serial}`, uid: `web-${serial}` },
      );
    };
    const roomy = { status: { allocatable: { cpu: '64', memory: '64Gi', pods: '1000' } } };
    const scheduler = new FakeScheduler().nodes(...Array.from({ length: 20 }, (_, i) => fakeNode(`n${i}`, {}, roomy)));
    scheduler.schedule(web());
    const looks = vi.spyOn(NodeInfo.prototype, 'pods');
    for (let i = 0; i < 400; i += 1) expect(scheduler.schedule(web())).toBeDefined();
    expect(looks).not.toHaveBeenCalled();
    looks.mockRestore();
  });

  it('never places more than a node can allocate', () => {
    const demands = fc.array(fc.record({ cpu: fc.integer({ min: 0, max: 1500 }), memory: fc.integer({ min: 0, max: 3000 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(demands, fc.integer({ min: 1, max: 4 }), (pods, count) => {
        const scheduler = new FakeScheduler().nodes(...Array.from({ length: count }, (_, i) => fakeNode(`n${i}`)));
        for (const { cpu, memory } of pods) scheduler.schedule(fakePod({}, { cpu: `${cpu}m`, memory: `${memory}Mi` }));
        for (const { requested, allocatable, podCount } of scheduler.cache.nodes()) {
          expect(requested.milliCpu).toBeLessThanOrEqual(allocatable.milliCpu);
          expect(requested.memory).toBeLessThanOrEqual(allocatable.memory);
          expect(podCount).toBeLessThanOrEqual(10);
        }
      }),
    );
  });
});
