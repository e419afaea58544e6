import assert from 'node:assert/strict';
import type { Node, Pod, PodSpec } from '../../../src/api/schema/generated/types.ts';
import { milliValue, quantityValue } from '../../../src/base/quantity.ts';

/** Modelled on upstream's scheduler_perf: the same nodes, pods and numbers. */
export interface Scenario {
  readonly name: string;
  readonly nodes: number;
  readonly node: (index: number) => Node;
  /** Placed before the clock starts. */
  readonly before: { readonly count: number; readonly pod: PodTemplate };
  readonly measured: { readonly count: number; readonly pod: PodTemplate };
  /** Throws when the placement breaks what the pods ask for. */
  readonly check: (nodes: readonly Node[], measured: readonly Pod[], all: readonly Pod[]) => void;
}

export interface PodTemplate {
  readonly namespace: string;
  readonly labels?: Record<string, string>;
  readonly spec: Partial<PodSpec>;
  readonly requests: Record<string, string>;
}

const ZONE = 'topology.kubernetes.io/zone';
const ZONES = ['moon-1', 'moon-2', 'moon-3'];
export const HIGH_PRIORITY = 'bench-high';

const node =
  (zones: readonly string[] = []) =>
  (index: number): Node => {
    const name = `node-${String(index).padStart(5, '0')}`;
    const zone = zones[index % zones.length];
    const amounts = { cpu: '4', memory: '32Gi', pods: '110' };
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, ...(zone && { [ZONE]: zone }) } },
      status: { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
    };
  };

const SMALL = { cpu: '100m', memory: '500Mi' };
const plain: PodTemplate = { namespace: 'sched-0', spec: {}, requests: SMALL };

const antiAffinity = (namespace: string): PodTemplate => {
  const term = {
    labelSelector: { matchLabels: { color: 'green' } },
    topologyKey: 'kubernetes.io/hostname',
    namespaces: ['sched-0', 'sched-1'],
  };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  return { namespace, labels: { color: 'green' }, spec: { affinity }, requests: SMALL };
};

const countBy = <T>(items: readonly T[], key: (item: T) => string | undefined) => {
  const counts = new Map<string | undefined, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
};
const nodeOf = ({ spec }: Pod) => spec?.nodeName;

/** Every measured pod has a node that exists, and no node has more than it can allocate. */
function checkFit(nodes: readonly Node[], measured: readonly Pod[], all: readonly Pod[]): void {
  const names = new Set(nodes.map(({ metadata }) => metadata?.name));
  for (const pod of measured) assert.ok(names.has(nodeOf(pod)), `${pod.metadata?.name} has a node`);
  const used = new Map<string | undefined, { cpu: number; memory: number; pods: number }>();
  for (const pod of all) {
    const sum = used.get(nodeOf(pod)) ?? { cpu: 0, memory: 0, pods: 0 };
    const requests = pod.spec?.containers[0]?.resources?.requests ?? {};
    used.set(nodeOf(pod), {
      cpu: sum.cpu + milliValue(requests.cpu ?? '0'),
      memory: sum.memory + quantityValue(requests.memory ?? '0'),
      pods: sum.pods + 1,
    });
  }
  for (const [name, { cpu, memory, pods }] of used) {
    assert.ok(cpu <= 4000 && memory <= 32 * 2 ** 30 && pods <= 110, `${name} is not overcommitted`);
  }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'basic',
    nodes: 5000,
    node: node(),
    before: { count: 1000, pod: plain },
    measured: { count: 10_000, pod: { ...plain, namespace: 'sched-1' } },
    check: checkFit,
  },
  {
    name: 'anti-affinity',
    nodes: 5000,
    node: node(),
    before: { count: 1000, pod: antiAffinity('sched-0') },
    measured: { count: 2000, pod: antiAffinity('sched-1') },
    check(nodes, measured, all) {
      checkFit(nodes, measured, all);
      assert.equal(countBy(all, nodeOf).size, all.length, 'no two pods share a node');
    },
  },
  {
    name: 'topology-spread',
    nodes: 5000,
    node: node(ZONES),
    before: { count: 5000, pod: plain },
    measured: {
      count: 5000,
      pod: {
        namespace: 'sched-1',
        labels: { color: 'blue' },
        spec: {
          topologySpreadConstraints: [
            { maxSkew: 5, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { color: 'blue' } } },
          ],
        },
        requests: SMALL,
      },
    },
    check(nodes, measured, all) {
      checkFit(nodes, measured, all);
      const zoneOf = new Map(nodes.map(({ metadata }) => [metadata?.name, metadata?.labels?.[ZONE]]));
      const counts = [...countBy(measured, (pod) => zoneOf.get(nodeOf(pod))).values()];
      assert.equal(counts.length, ZONES.length);
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 5, 'the skew is within maxSkew');
    },
  },
  {
    name: 'preemption',
    nodes: 500,
    node: node(),
    before: {
      count: 2000,
      pod: { namespace: 'sched-0', spec: { terminationGracePeriodSeconds: 0 }, requests: { cpu: '900m', memory: '500Mi' } },
    },
    measured: {
      count: 500,
      pod: { namespace: 'sched-1', spec: { priorityClassName: HIGH_PRIORITY }, requests: { cpu: '3000m', memory: '500Mi' } },
    },
    check(nodes, measured, all) {
      checkFit(nodes, measured, all);
      // Three of the four on each node have to go, and no more: 3,000m beside 900m.
      assert.equal(all.length - measured.length, 500, 'no pod left without need');
    },
  },
];
