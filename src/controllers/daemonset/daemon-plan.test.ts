import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DaemonSet, DaemonSetUpdateStrategy, Node, Pod, PodSpec, Taint } from '../../api/schema/generated/types.ts';
import { REVISION_HASH_LABEL } from '../lib/revision-history-plan.ts';
import { type DaemonPlan, isAvailable, planDaemons, podsByNode, updateBounds } from './daemon-plan.ts';
import { eligibility, targetNode, templateFor } from './daemon-pod-plan.ts';
import { planDaemonStatus } from './daemon-status-plan.ts';
import { FailedPodBackoff } from './failed-pod-backoff.ts';

const NOW = Date.UTC(2026, 0, 2);
const at = (agoS: number) => new Date(NOW - agoS * 1000).toISOString();
const ROLLING: DaemonSetUpdateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } };

const set = (spec: Partial<PodSpec> = {}, updateStrategy = ROLLING, minReadySeconds = 0): DaemonSet => ({
  metadata: { name: 'd', namespace: 'n', uid: 'u', generation: 1 },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [], ...spec } },
    updateStrategy,
    minReadySeconds,
  },
});
const node = (name: string, { labels, taints }: { labels?: Record<string, string>; taints?: Taint[] } = {}): Node => ({
  metadata: { name, ...(labels && { labels }) },
  spec: { ...(taints && { taints }) },
});
interface Traits {
  hash?: string;
  ready?: boolean;
  readyForS?: number;
  phase?: string;
  going?: boolean;
  ageS?: number;
  bound?: boolean;
}
function pod(
  name: string,
  nodeName: string,
  { hash = 'new', ready = true, readyForS = 100, phase, going, ageS = 500, bound = true }: Traits = {},
) {
  const template = templateFor(set(), nodeName, hash);
  const made: Pod = {
    metadata: { ...template.metadata, name, uid: name, creationTimestamp: at(ageS), ...(going && { deletionTimestamp: at(1) }) },
    spec: { containers: [], ...template.spec, ...(bound && { nodeName }) },
    status: {
      phase: phase ?? (bound ? 'Running' : 'Pending'),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(readyForS) }],
    },
  };
  return made;
}
const plan = (ds: DaemonSet, nodes: Node[], pods: Pod[], waitMs = 0): DaemonPlan =>
  planDaemons({ set: ds, nodes, pods, hash: 'new', nowMs: NOW, failureWaitMs: () => waitMs });
const names = (pods: readonly Pod[]) => pods.map((p) => p.metadata?.name);
const taint = (key: string, effect = 'NoSchedule'): Taint => ({ key, effect });

test('a daemon tolerates what is wrong with nodes; the network only from the host network', () => {
  const all = ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((t) => taint(`node.kubernetes.io/${t}`));
  const lost = [taint('node.kubernetes.io/not-ready', 'NoExecute'), taint('node.kubernetes.io/unreachable', 'NoExecute')];
  expect(eligibility(set(), node('a', { taints: [...all, ...lost] }))).toBe('runs');
  const offline = node('a', { taints: [taint('node.kubernetes.io/network-unavailable')] });
  expect(eligibility(set(), offline)).toBe('keeps');
  expect(eligibility(set({ hostNetwork: true }), offline)).toBe('runs');
});

test('a NoSchedule taint keeps what is there, a NoExecute taint does not, and a toleration of its own helps', () => {
  expect(eligibility(set(), node('a', { taints: [taint('own')] }))).toBe('keeps');
  expect(eligibility(set(), node('a', { taints: [taint('own', 'NoExecute')] }))).toBe('none');
  expect(eligibility(set(), node('a', { taints: [taint('own', 'PreferNoSchedule')] }))).toBe('runs');
  expect(eligibility(set({ tolerations: [{ operator: 'Exists' }] }), node('a', { taints: [taint('own', 'NoExecute')] }))).toBe('runs');
});

test('a toleration of the template with a time limit for a lost node becomes unlimited, and is there once', () => {
  const own = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
  const { spec } = templateFor(set({ tolerations: [own] }), 'a', 'h');
  expect(spec?.tolerations?.filter((t) => t.key === own.key)).toEqual([
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  ]);
});

test('the pod is pinned to its node in place of the required affinity, and keeps the preferred one', () => {
  const preferred = [{ weight: 1, preference: { matchExpressions: [{ key: 'x', operator: 'Exists' }] } }];
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }] };
  const nodeAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
    requiredDuringSchedulingIgnoredDuringExecution: required,
  };
  const ds = set({ affinity: { nodeAffinity } });
  const made = templateFor(ds, 'a', 'h');
  expect(targetNode({ spec: made.spec })).toBe('a');
  expect(made.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution).toEqual(preferred);
  expect(made.metadata?.labels).toEqual({ app: 'd', [REVISION_HASH_LABEL]: 'h' });
  expect([eligibility(ds, node('a')), eligibility(ds, node('a', { labels: { zone: 'z' } }))]).toEqual(['none', 'runs']);
});

test('a node that lost its label loses its pod, one that waits for a vanished node goes, and of two the younger goes', () => {
  const ds = set({ nodeSelector: { color: 'blue' } });
  const blue = { labels: { color: 'blue' } };
  expect(names(plan(ds, [node('a')], [pod('p', 'a')]).remove)).toEqual(['p']);
  expect(names(plan(ds, [], [pod('p', 'a', { bound: false }), pod('q', 'b')]).remove)).toEqual(['p']);
  const two = [pod('young', 'a', { ageS: 5 }), pod('old', 'a', { ageS: 50 }), pod('waiting', 'a', { ageS: 500, bound: false })];
  expect(names(plan(ds, [node('a', blue)], two).remove)).toEqual(['young', 'waiting']);
  expect(plan(ds, [node('a', blue)], [pod('going', 'a', { going: true })]).create).toEqual([]);
});

test('a failed pod goes unless it is to wait, and the plan says how long', () => {
  const failed = pod('f', 'a', { phase: 'Failed', ready: false });
  const now = plan(set(), [node('a')], [failed]);
  expect([names(now.remove), now.ended.map((e) => e.nodeName)]).toEqual([['f'], ['a']]);
  const later = plan(set(), [node('a')], [failed], 4000);
  expect([later.remove, later.create, later.afterMs]).toEqual([[], [], 4000]);
  expect(names(plan(set(), [node('a')], [pod('s', 'a', { phase: 'Succeeded', ready: false })]).remove)).toEqual(['s']);
});

test('the wait doubles with each failure on a node, and a new generation starts anew', () => {
  const backoff = new FailedPodBackoff();
  const waits = [0, 1, 2, 3].map(() => {
    const wait = backoff.waitMs('n/d', 1, 'a', NOW);
    backoff.failed('n/d', 1, 'a', NOW);
    return wait;
  });
  expect(waits).toEqual([0, 1000, 2000, 4000]);
  for (let i = 0; i < 20; i += 1) backoff.failed('n/d', 1, 'a', NOW);
  expect(backoff.waitMs('n/d', 1, 'a', NOW)).toBe(900_000);
  expect([backoff.waitMs('n/d', 1, 'b', NOW), backoff.waitMs('n/d', 2, 'a', NOW)]).toEqual([0, 0]);
});

test('OnDelete leaves old pods alone', () => {
  const result = plan(set({}, { type: 'OnDelete' }), [node('a')], [pod('p', 'a', { hash: 'old' })]);
  expect([result.create, result.remove]).toEqual([[], []]);
});

test('percentages count nodes and round up, and something always moves', () => {
  const rolling = (maxUnavailable: number | string, maxSurge: number | string) =>
    updateBounds(set({}, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } }), 5);
  expect(rolling('30%', 0)).toEqual({ unavailable: 2, surge: 0 });
  expect(rolling(0, '1%')).toEqual({ unavailable: 0, surge: 1 });
  expect(rolling(0, 0)).toEqual({ unavailable: 1, surge: 0 });
});

test('the status counts nodes: the senior pod of each speaks for it, and misscheduled ones are told apart', () => {
  const ds = set({ nodeSelector: { color: 'blue' } }, ROLLING, 30);
  const blue = (name: string) => node(name, { labels: { color: 'blue' } });
  const pods = [pod('a1', 'a'), pod('b1', 'b', { readyForS: 10 }), pod('c1', 'c', { hash: 'old', ready: false }), pod('x1', 'x')];
  const view = { set: ds, nodes: [blue('a'), blue('b'), blue('c'), blue('d'), node('x')], pods, hash: 'new', nowMs: NOW };
  const { status, afterMs } = planDaemonStatus(view);
  expect(status).toEqual({
    desiredNumberScheduled: 4,
    currentNumberScheduled: 3,
    numberMisscheduled: 1,
    numberReady: 2,
    numberAvailable: 1,
    numberUnavailable: 3,
    updatedNumberScheduled: 2,
    observedGeneration: 1,
  });
  expect(afterMs).toBe(20_000);
  expect(planDaemonStatus({ ...view, set: { ...ds, status } }).status).toBeUndefined();
});

/** Kubelet and scheduler: pods that go are gone after some rounds, new ones are bound and become ready after some rounds. */
function live(pods: readonly Pod[], { create, remove }: DaemonPlan, hash: string, luck: () => boolean, fresh: () => string): Pod[] {
  const moved = pods.flatMap((p) => {
    if (remove.includes(p)) return [{ ...p, metadata: { ...p.metadata, deletionTimestamp: at(0) } }];
    const name = p.metadata?.name ?? '';
    if (p.metadata?.deletionTimestamp) return luck() ? [] : [p];
    const isReady = p.status?.conditions?.[0]?.status === 'True';
    return !isReady && luck() ? [pod(name, targetNode(p) ?? '', { hash: p.metadata?.labels?.[REVISION_HASH_LABEL] })] : [p];
  });
  return [...moved, ...create.map((nodeName) => pod(fresh(), nodeName, { hash, ready: false, bound: false, ageS: 1 }))];
}

test('any rolling update ends with one new pod a node, and never has fewer available or more pods than it may', () => {
  const bounds = fc.oneof(
    fc.record({ maxUnavailable: fc.integer({ min: 1, max: 4 }), maxSurge: fc.constant(0) }),
    fc.record({ maxUnavailable: fc.constant(0), maxSurge: fc.integer({ min: 1, max: 4 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), bounds, fc.infiniteStream(fc.boolean()), (count, rollingUpdate, stream) => {
      const luck = () => stream.next().value === true;
      const nodes = Array.from({ length: count }, (_, i) => node(`n${i}`));
      const ds = set({}, { type: 'RollingUpdate', rollingUpdate });
      let pods = nodes.map((n, i) => pod(`old${i}`, n.metadata?.name ?? '', { hash: 'old' }));
      let made = 0;
      for (let round = 0; round < 400; round += 1) {
        pods = live(pods, plan(ds, nodes, pods), 'new', luck, () => `new${made++}`);
        const there = [...podsByNode(pods).values()].map((some) => some.filter((p) => !p.metadata?.deletionTimestamp));
        const served = there.filter((some) => some.some((p) => isAvailable(p, { set: ds, nowMs: NOW }))).length;
        expect(count - served).toBeLessThanOrEqual(rollingUpdate.maxUnavailable);
        expect(there.filter((some) => some.length > 1).length).toBeLessThanOrEqual(rollingUpdate.maxSurge);
      }
      expect(pods.map((p) => targetNode(p)).sort()).toEqual(nodes.map((n) => n.metadata?.name).sort());
      expect(pods.every((p) => p.metadata?.labels?.[REVISION_HASH_LABEL] === 'new')).toBe(true);
      expect(made).toBe(count);
    }),
    { numRuns: 60 },
  );
});

test('broken old pods are replaced at once and count against what may be unavailable', () => {
  const nodes = ['a', 'b', 'c'].map((name) => node(name));
  const pods = [pod('a1', 'a', { hash: 'old' }), pod('b1', 'b', { hash: 'old', ready: false }), pod('c1', 'c', { hash: 'old' })];
  expect(names(plan(set(), nodes, pods).remove)).toEqual(['b1']);
});

const SURGE: DaemonSetUpdateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };

test('a failed pod that is to wait keeps no other node from getting its pod in a surge', () => {
  const nodes = [node('a'), node('b')];
  const pods = [pod('failed', 'a', { phase: 'Failed' }), pod('going', 'b', { going: true })];
  expect(plan(set({}, SURGE), nodes, pods, 5_000)).toMatchObject({ create: ['b'], remove: [], afterMs: 5_000 });
});

test('in a surge an old pod on a node that takes no new ones goes when it is broken, or when more are available than are wanted', () => {
  const closed = node('a', { taints: [taint('own')] });
  const old = (name: string, nodeName: string, ready = true) => pod(name, nodeName, { hash: 'old', ready });
  expect(names(plan(set({}, SURGE), [closed, node('b')], [old('x', 'a', false), pod('y', 'b')]).remove)).toEqual(['x']);
  expect(names(plan(set({}, SURGE), [closed, node('b')], [old('x', 'a'), pod('y', 'b')]).remove)).toEqual(['x']);
  expect(names(plan(set({}, SURGE), [closed, node('b')], [old('x', 'a'), pod('y', 'b', { ready: false })]).remove)).toEqual([]);
});
