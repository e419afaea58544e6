import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import { nodeMetrics } from '../../api/metrics/node-metrics.ts';
import { podMetrics } from '../../api/metrics/pod-metrics.ts';
import type { Node, NodeMetrics, Pod, PodMetrics } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { fakeReader } from '../fake-reader.ts';
import { tableOf } from '../http/table.ts';
import type { RequestContext } from '../ports.ts';
import type { SubresourceDeps } from '../registry/registry.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { createSampler } from './sampler.ts';
import { readScrape } from './scrape-plan.ts';
import { nodeUsage, podUsage } from './usage-plan.ts';

const MI = 1 << 20;
const { signal } = new AbortController();

const node = (name: string, ready = 'True'): Node => ({
  metadata: { name, labels: { zone: name } },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});
const pod = (name: string, nodeName: string, phase = 'Running'): Pod => ({
  metadata: { name, namespace: 'n', labels: { app: name } },
  spec: { nodeName, containers: [] },
  status: { phase },
});

/** Kubelets whose nodes use one CPU and whose containers half a CPU, since `startedAt`. */
function start() {
  const clock = fakeClock();
  const t0 = clock.now();
  const asked: string[] = [];
  const broken = new Set<string>();
  const containers = new Map<string, { pod: string; name: string; startedAtMs: number }[]>([
    ['a', [{ pod: 'one', name: 'main', startedAtMs: t0 - 60_000 }]],
    ['b', [{ pod: 'two', name: 'main', startedAtMs: t0 - 60_000 }]],
  ]);
  const read = async (nodeName: string): Promise<string> => {
    asked.push(nodeName);
    if (broken.has(nodeName)) throw new Error('unreachable');
    const at = clock.now();
    const lines = (containers.get(nodeName) ?? []).flatMap(({ pod: of, name, startedAtMs }) => {
      const labels = `{container="${name}",namespace="n",pod="${of}"}`;
      return [
        `container_cpu_usage_seconds_total${labels} ${(at - startedAtMs) / 2000} ${at}`,
        `container_memory_working_set_bytes${labels} ${64 * MI} ${at}`,
        `container_start_time_seconds${labels} ${startedAtMs / 1000}`,
      ];
    });
    const own = [`node_cpu_usage_seconds_total ${at / 1000} ${at}`, `node_memory_working_set_bytes ${512 * MI} ${at}`];
    return [...own, ...lines, 'scrape_error 0', ''].join('\n');
  };
  const objects = fakeReader({
    nodes: [node('a'), node('b'), node('lost', 'Unknown')],
    pods: [pod('one', 'a'), pod('two', 'b'), pod('done', 'a', 'Succeeded'), pod('lost', 'lost')],
  });
  const sampler = createSampler({ read, clock, log: silentLogger });
  const handlers = resourceMetrics({ objects, sampler, clock });
  const ask = async <T>(resource: string, request: Partial<ApiRequest>): Promise<T> => {
    const full = { group: 'metrics.k8s.io', version: 'v1beta1', resource, verb: 'list', ...request } as ApiRequest;
    const context = { signal, user: { name: '', groups: [] }, warn() {} } as RequestContext;
    const answer = handlers[`${resource}.metrics.k8s.io`]?.(full, context, {} as SubresourceDeps);
    // Whoever asks first waits for a second scrape.
    let settled = false;
    const done = Promise.resolve(answer).finally(() => {
      settled = true;
    });
    done.catch(() => {});
    await clock.advance(0);
    while (!settled) await clock.advance(1000);
    return (await done) as T;
  };
  const list = async <T extends KubeObject>(resource: string, request: Partial<ApiRequest> = {}) =>
    (await ask<KubeList<T>>(resource, request)).items;
  return { clock, asked, broken, containers, ask, list };
}
const names = (items: readonly KubeObject[]) => items.map(({ metadata }) => metadata?.name);

describe('the metrics API', () => {
  it('tells the first who asks after a second scrape, and says over which time', async () => {
    const { clock, ask, asked } = start();
    const t0 = clock.now();
    const metrics = await ask<PodMetrics>('pods', { verb: 'get', namespace: 'n', name: 'one' });
    expect(metrics).toMatchObject({
      kind: 'PodMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: { name: 'one', namespace: 'n', labels: { app: 'one' } },
      timestamp: rfc3339(t0 + 2000),
      window: '2s',
      containers: [{ name: 'main', usage: { cpu: '500m', memory: '64Mi' } }],
    });
    expect(asked).toEqual(['a', 'a']);
  });

  it('answers from what it has for ten seconds, then with a window as long as the pause between', async () => {
    const { clock, list, asked } = start();
    await list('nodes');
    const before = asked.length;
    expect(names(await list('nodes'))).toEqual(['a', 'b']);
    expect(asked).toHaveLength(before);
    await clock.advance(15_000);
    const [first] = await list<NodeMetrics>('nodes');
    expect(first).toMatchObject({ usage: { cpu: '1', memory: '512Mi' }, window: '15s' });
    expect(asked).toHaveLength(before + 2);
  });

  it('scrapes nobody while nobody asks, and starts anew after a minute', async () => {
    const { clock, list, asked } = start();
    await list('nodes');
    const before = asked.length;
    await clock.advance(3_600_000);
    expect(asked).toHaveLength(before);
    expect((await list<NodeMetrics>('nodes')).map(({ window }) => window)).toEqual(['2s', '2s']);
  });

  it('scrapes only the nodes of the pods that are asked for', async () => {
    const { list, asked } = start();
    expect(names(await list('pods', { options: { labelSelector: 'app=two' } }))).toEqual(['two']);
    expect(new Set(asked)).toEqual(new Set(['b']));
  });

  it('selects by labels, names and namespaces, and by nothing else', async () => {
    const { list } = start();
    expect(names(await list('pods'))).toEqual(['one', 'two']);
    expect(names(await list('pods', { namespace: 'other' }))).toEqual([]);
    expect(names(await list('pods', { options: { fieldSelector: 'metadata.name=two' } }))).toEqual(['two']);
    expect(names(await list('nodes', { options: { labelSelector: 'zone in (a)' } }))).toEqual(['a']);
    await expect(list('pods', { options: { fieldSelector: 'spec.nodeName=a' } })).rejects.toMatchObject({ reason: 'BadRequest' });
  });

  it('leaves out a node that does not answer, and its pods', async () => {
    const { clock, list, broken, asked } = start();
    broken.add('a');
    expect(names(await list('nodes'))).toEqual(['b']);
    expect(names(await list('pods'))).toEqual(['two']);
    expect(asked).not.toContain('lost');
    broken.delete('a');
    await clock.advance(10_000);
    expect(names(await list('pods'))).toEqual(['one', 'two']);
  });

  it('says that there is no such pod, or that nothing is known of it', async () => {
    const { ask, broken } = start();
    const get = (resource: string, name: string) => ask(resource, { verb: 'get', namespace: 'n', name });
    await expect(get('pods', 'nope')).rejects.toMatchObject({ reason: 'NotFound', message: 'pods "nope" not found' });
    await expect(get('nodes', 'nope')).rejects.toMatchObject({ reason: 'NotFound', message: 'nodes "nope" not found' });
    broken.add('a');
    await expect(get('pods', 'one')).rejects.toMatchObject({ message: 'podmetrics.metrics.k8s.io "n/one" not found' });
    await expect(get('nodes', 'a')).rejects.toMatchObject({ message: 'nodemetrics.metrics.k8s.io "a" not found' });
  });

  it('compares a container that started meanwhile with its start, once it is ten seconds old', async () => {
    const { clock, list, containers } = start();
    await list('pods');
    containers.set('a', [{ pod: 'one', name: 'main', startedAtMs: clock.now() }]);
    await clock.advance(10_000);
    const [first] = await list<PodMetrics>('pods');
    expect(first).toMatchObject({ window: '10s', containers: [{ usage: { cpu: '500m' } }] });
    containers.set('a', [{ pod: 'one', name: 'main', startedAtMs: clock.now() + 5000 }]);
    await clock.advance(11_000);
    expect(names(await list('pods'))).toEqual(['two']);
  });

  it('has the columns of metrics-server, containers summed up', () => {
    const options = { include: 'None', nowMs: 0, heads: null, version: 'v1' } as const;
    const usage = (cpu: string, memory: string) => ({ cpu, memory });
    const containers = [
      { name: 'x', usage: usage('1500u', '1Mi') },
      { name: 'y', usage: usage('500u', '1536Ki') },
    ];
    const table = tableOf([{ metadata: { name: 'p' }, window: '15s', containers } as object], {}, { ...options, source: podMetrics });
    expect(podMetrics.columns.map(({ name }) => name)).toEqual(['Name', 'cpu', 'memory', 'Window']);
    expect(table).toMatchObject({ rows: [{ cells: ['p', '2m', '2560Ki', '15s'] }] });
    const ofNode = { metadata: { name: 'a' }, window: '15s', usage: usage('1', '1Gi') } as object;
    expect(tableOf([ofNode], {}, { ...options, source: nodeMetrics })).toMatchObject({ rows: [{ cells: ['a', '1', '1Gi', '15s'] }] });
  });
});

describe('a scrape', () => {
  it('is read with its labels, escaped or not, and passes over what is none of ours', () => {
    const text = [
      '# HELP container_cpu_usage_seconds_total x',
      'container_cpu_usage_seconds_total{container="m",namespace="n",pod="p"} 1.5e1 1000',
      'container_memory_working_set_bytes{pod="p",container="m",namespace="n",note="a\\"}b"} 7 1001',
      'container_cpu_usage_seconds_total{container="idle",namespace="n",pod="p"} 0 1000',
      'node_cpu_usage_seconds_total 3',
      'node_memory_working_set_bytes NaN',
      'something_else{} 1',
      'garbage',
    ].join('\n');
    expect(readScrape(text, 5)).toEqual({
      node: undefined,
      pods: new Map([['n/p', new Map([['m', { atMs: 1000, startedAtMs: 0, cpuSeconds: 15, memoryBytes: 7 }]])]]),
    });
  });

  it('is never a negative rate, whatever two scrapes say', () => {
    const point = fc.record({
      atMs: fc.integer({ min: 0, max: 100_000 }),
      startedAtMs: fc.integer({ min: 0, max: 100_000 }),
      cpuSeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
      memoryBytes: fc.integer({ min: 1, max: 2 ** 40 }),
    });
    const scrape = fc.record({
      node: point,
      pods: fc.dictionary(fc.constantFrom('x', 'y'), point).map((of) => new Map([['n/p', new Map(Object.entries(of))]])),
    });
    fc.assert(
      fc.property(scrape, scrape, (previous, latest) => {
        const usages = [nodeUsage({ previous, latest }), ...(podUsage({ previous, latest }, 'n/p')?.values() ?? [])];
        for (const usage of usages) {
          if (!usage) continue;
          expect(usage.windowMs).toBeGreaterThan(0);
          expect(usage.cpu).not.toMatch(/^-/);
        }
      }),
    );
  });
});
