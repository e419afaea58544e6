import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { fakeNode, fakePod } from '../fake-scheduler.ts';
import type { GroupQuery } from './placements.ts';
import { PodInfo } from './pod-info.ts';
import { SchedulerCache } from './scheduler-cache.ts';

const ZONE = 'topology.kubernetes.io/zone';
const APPS = ['a', 'b'];
const NAMESPACES = ['x', 'y'];

const query = (app: string, namespace: string, ignoresTerminating: boolean): GroupQuery => ({
  identity: `${app}|${namespace}|${ignoresTerminating}`,
  namespaces: new Set([namespace]),
  selects: labelSelectorMatcher({ matchLabels: { app } }),
  ignoresTerminating,
});
const queries = APPS.flatMap((app) => NAMESPACES.flatMap((ns) => [query(app, ns, true), query(app, ns, false)]));
const antiAffinity = (app: string) => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: ZONE, labelSelector: { matchLabels: { app } } }] },
});

interface Step {
  readonly op: 'place' | 'remove' | 'relabel' | 'dropNode' | 'addNode' | 'ask';
  readonly pod: number;
  readonly node: number;
  readonly app: string;
  readonly namespace: string;
  readonly deleted: boolean;
  readonly anti: boolean;
}
const steps = fc.array(
  fc.record<Step>({
    op: fc.constantFrom('place', 'place', 'place', 'remove', 'relabel', 'dropNode', 'addNode', 'ask'),
    pod: fc.nat(7),
    node: fc.nat(3),
    app: fc.constantFrom(...APPS),
    namespace: fc.constantFrom(...NAMESPACES),
    deleted: fc.boolean(),
    anti: fc.boolean(),
  }),
  { maxLength: 40 },
);

function run(cache: SchedulerCache, zones: string[], { op, pod, node, app, namespace, deleted, anti }: Step): void {
  const name = `n${node}`;
  const setNode = () => cache.setNode(fakeNode(name, zones[node] === '' ? {} : { [ZONE]: zones[node] ?? '' }));
  if (op === 'place') {
    const metadata = {
      uid: `p${pod}`,
      name: `p${pod}`,
      namespace,
      labels: { app },
      ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    };
    cache.confirm(fakePod({ nodeName: name, ...(anti && { affinity: antiAffinity(app) }) }, undefined, metadata));
  } else if (op === 'remove') cache.remove(`p${pod}`);
  else if (op === 'dropNode') cache.removeNode(name);
  else if (op === 'addNode') setNode();
  else if (op === 'relabel') {
    zones[node] = { '': 'z1', z1: 'z2', z2: '' }[zones[node] ?? ''] ?? '';
    if (cache.node(name)) setNode();
  } else for (const each of queries.slice(0, 3)) cache.placements.group(each).domains(ZONE);
}

const sum = (counts: Map<string, number>, key: string | undefined) => key !== undefined && counts.set(key, (counts.get(key) ?? 0) + 1);
const matching = (pods: Iterable<PodInfo>, { namespaces, selects, ignoresTerminating }: GroupQuery): PodInfo[] =>
  [...pods].filter(
    (p) => namespaces.has(p.namespace) && selects(p.pod.metadata?.labels) && !(ignoresTerminating && p.pod.metadata?.deletionTimestamp),
  );

describe('what is asked of all placed pods', () => {
  it('is the same kept up as counted anew, whatever happens to pods and nodes', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const cache = new SchedulerCache();
        const zones = ['z1', 'z1', 'z2', ''];
        for (const [node, zone] of zones.entries()) cache.setNode(fakeNode(`n${node}`, zone === '' ? {} : { [ZONE]: zone }));
        for (const step of all) run(cache, zones, step);
        for (const each of queries) {
          const naive = new Map<string, number>();
          for (const node of cache.nodes()) for (const _ of matching(node.pods(), each)) sum(naive, node.labels?.[ZONE]);
          expect(new Map(cache.placements.group(each).domains(ZONE))).toEqual(naive);
          for (const node of cache.nodes()) expect(cache.placements.group(each).on(node)).toBe(matching(node.pods(), each).length);
        }
        const byZone = new Map<string, number>();
        for (const node of cache.nodes()) sum(byZone, node.labels?.[ZONE]);
        expect(new Map(cache.placements.topology(ZONE).domains)).toEqual(byZone);
      }),
    );
  });

  it('knows whose anti-affinity means a pod, as a look at every pod does', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(...APPS), fc.constantFrom(...NAMESPACES), (all, app, namespace) => {
        const cache = new SchedulerCache();
        const zones = ['z1', 'z1', 'z2', ''];
        for (const [node, zone] of zones.entries()) cache.setNode(fakeNode(`n${node}`, zone === '' ? {} : { [ZONE]: zone }));
        for (const step of all) run(cache, zones, step);
        const incoming: Pod = fakePod({}, undefined, { name: 'in', namespace, labels: { app } });
        const kept = new Map<string, number>();
        for (const { term, counts } of cache.placements.termsAbout('requiredAnti', new PodInfo(incoming), undefined)) {
          for (const [domain, count] of counts.domains(term.topologyKey)) kept.set(domain, (kept.get(domain) ?? 0) + count);
        }
        const naive = new Map<string, number>();
        for (const node of cache.nodes()) {
          for (const p of node.pods()) {
            if (p.hasAffinity && p.namespace === namespace && p.pod.metadata?.labels?.app === app) sum(naive, node.labels?.[ZONE]);
          }
        }
        expect(kept).toEqual(naive);
      }),
    );
  });
});

describe('the cache', () => {
  it('counts a pod that was known before its node, and again when the node comes back', () => {
    const cache = new SchedulerCache();
    cache.confirm(fakePod({ nodeName: 'n' }, { cpu: '1' }));
    cache.setNode(fakeNode('n'));
    expect(cache.node('n')?.requested.milliCpu).toBe(1000);
    cache.removeNode('n');
    cache.setNode(fakeNode('n'));
    expect(cache.node('n')?.podCount).toBe(1);
  });

  it('forgets only what it assumed, and moves a pod that the API shows elsewhere', () => {
    const cache = new SchedulerCache();
    for (const name of ['n', 'm']) cache.setNode(fakeNode(name));
    const pod = fakePod({}, { cpu: '1' });
    cache.assume(new PodInfo(pod), 'n');
    cache.confirm({ ...pod, spec: { ...(pod.spec as NonNullable<Pod['spec']>), nodeName: 'm' } });
    expect([cache.node('n')?.podCount, cache.node('m')?.podCount]).toEqual([0, 1]);
    cache.forget(pod.metadata?.uid ?? '');
    expect(cache.node('m')?.podCount).toBe(1);
  });

  it('counts what a pod asks for after a resize, and what it still has', () => {
    const cache = new SchedulerCache();
    cache.setNode(fakeNode('n'));
    const pod = (cpu: string, status: Pod['status'] = {}) => ({ ...fakePod({ nodeName: 'n' }, { cpu }, { uid: 'u' }), status });
    cache.confirm(pod('500m'));
    cache.confirm(pod('200m'));
    expect(cache.node('n')?.requested.milliCpu).toBe(200);
    const containerStatuses = [{ name: 'c', resources: { requests: { cpu: '900m' } } }] as never;
    cache.confirm(pod('200m', { containerStatuses, conditions: [{ type: 'PodResizeInProgress', status: 'True' }] }));
    expect(cache.node('n')?.requested.milliCpu).toBe(900);
  });

  it('lets zones take turns, so that the first nodes are of all zones', () => {
    const cache = new SchedulerCache();
    for (const [name, zone] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['a3', 'a'],
      ['b1', 'b'],
    ] as const)
      cache.setNode(fakeNode(name, { [ZONE]: zone }));
    expect(cache.nodes().map(({ name }) => name)).toEqual(['a1', 'b1', 'a2', 'a3']);
  });
});
