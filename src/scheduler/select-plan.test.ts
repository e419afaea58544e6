import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '../api/schema/generated/types.ts';
import type { Candidate } from './framework.ts';
import { hostPortsOf, NodeState } from './node-state.ts';
import { plugins } from './plugin-order.ts';
import { podRequests } from './resources.ts';
import { selectNode } from './select-plan.ts';

const node = (name: string, change: Partial<Node> = {}): Node => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name } },
  status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } },
  ...change,
});
let serial = 0;
const pod = (spec: Partial<Pod['spec']> = {}, requests?: Record<string, string>): Pod => ({
  metadata: { name: `p${serial++}`, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...spec },
});
const candidate = (p: Pod): Candidate => ({ pod: p, requests: podRequests(p), hostPorts: hostPortsOf(p) });
const view = (n: Node, placed: Pod[] = []) => {
  const state = new NodeState(n);
  for (const p of placed) state.place(p);
  return { node: n, state };
};
const select = (p: Pod, views: ReturnType<typeof view>[]) => selectNode(candidate(p), views, plugins, () => 0);
const messageOf = (s: ReturnType<typeof select>) => (s.found ? '' : s.message);

describe('choosing a node', () => {
  it('prefers the least allocated of the nodes that fit', () => {
    const busy = view(node('busy'), [pod({}, { cpu: '1', memory: '1Gi' })]);
    expect(select(pod({}, { cpu: '500m' }), [busy, view(node('idle'))])).toMatchObject({ found: true, node: 'idle' });
  });

  it('says why no node will do, counted and sorted', () => {
    const full = view(node('full'), [pod({}, { cpu: '2' })]);
    const cordoned = view(node('cordoned', { spec: { unschedulable: true } }));
    const tainted = view(node('tainted', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }));
    expect(messageOf(select(pod({}, { cpu: '1' }), [full, cordoned, tainted]))).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.',
    );
    expect(messageOf(select(pod(), []))).toBe('no nodes available to schedule pods');
  });

  it('honours nodeSelector, required affinity and tolerations', () => {
    const ssd = node('ssd', {
      metadata: { name: 'ssd', labels: { disk: 'ssd' } },
      spec: { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] },
    });
    const views = [view(node('plain')), view(ssd)];
    const term = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } };
    expect(select(pod({ nodeSelector: { disk: 'ssd' } }), views).found).toBe(false);
    const tolerations = [{ key: 'k', operator: 'Equal', value: 'v' }];
    expect(select(pod({ affinity, tolerations }), views)).toMatchObject({ found: true, node: 'ssd' });
  });

  it('gives a host port once', () => {
    const ports = (hostIP?: string) =>
      pod({ containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80, hostIP }] }] });
    expect(select(ports('10.0.0.1'), [view(node('a'), [ports()])]).found).toBe(false);
    expect(select(ports('10.0.0.1'), [view(node('a'), [ports('10.0.0.2')])]).found).toBe(true);
  });

  it('counts sidecars with the containers and takes the peak of the init phase', () => {
    const requests = (cpu: string) => ({ resources: { requests: { cpu } } });
    const initContainers = [
      { name: 'side', image: 'i', restartPolicy: 'Always', ...requests('100m') },
      { name: 'init', image: 'i', ...requests('900m') },
    ];
    expect(podRequests(pod({ initContainers }, { cpu: '200m' }))).toEqual({ cpu: 1000 });
  });

  it('never places more than a node can allocate', () => {
    const demands = fc.array(fc.record({ cpu: fc.integer({ min: 0, max: 1500 }), memory: fc.integer({ min: 0, max: 3000 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(demands, fc.integer({ min: 1, max: 4 }), (pods, count) => {
        const views = Array.from({ length: count }, (_, i) => view(node(`n${i}`)));
        for (const { cpu, memory } of pods) {
          const p = pod({}, { cpu: `${cpu}m`, memory: `${memory}Mi` });
          const choice = select(p, views);
          if (choice.found) views.find((v) => v.node.metadata?.name === choice.node)?.state.place(p);
        }
        for (const { state } of views) {
          expect(state.requested.cpu ?? 0).toBeLessThanOrEqual(state.allocatable.cpu ?? 0);
          expect(state.requested.memory ?? 0).toBeLessThanOrEqual(state.allocatable.memory ?? 0);
          expect(state.podCount).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it('keeps its sums right when pods come, change and go', () => {
    const state = new NodeState(node('a'));
    const p = pod({}, { cpu: '100m', memory: '1Mi' });
    state.place(p);
    state.place({ ...p, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '300m' } } }] } });
    expect(state.requested).toEqual({ cpu: 300, memory: 0 });
    state.remove(`default/${p.metadata?.name}`);
    expect([state.requested.cpu, state.podCount, state.scored.cpu]).toEqual([0, 0, 0]);
  });
});
