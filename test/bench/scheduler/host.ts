/**
 * One scenario in a process of its own: API server on a store in memory, nodes without agents (as upstream's scheduler_perf has them), scheduler by the
 * in-process door. `node host.ts DIRECTORY SCENARIO` prints one JSON line. Controllers do not run: nothing would be theirs to do.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { namespaces, nodes, pods, priorityClasses, serviceAccounts } from '../../../src/api/index.ts';
import type { Pod } from '../../../src/api/schema/generated/types.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { runAll } from '../../../src/base/component.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { runInOrder } from '../../../src/base/run-in-order.ts';
import { assembleControlPlane, type ControlPlane, defaultDnsAddress } from '../../../src/cli/wire/api-server.ts';
import { type Client, createClient } from '../../../src/client/client.ts';
import { eventRecorder } from '../../../src/client/events.ts';
import { createInformers } from '../../../src/client/informer.ts';
import { createScheduler } from '../../../src/scheduler/scheduler.ts';
import { HIGH_PRIORITY, type PodTemplate, type Scenario, scenarios } from './scenarios.ts';

const SERVICE_CIDR = ['10.43.0.0/16'];
const NAMESPACES = ['sched-0', 'sched-1'];
const CREATORS = 64;
const ambient = { clock: systemClock, random: systemRandom, log: silentLogger };
const SCHEDULER = { name: 'system:kube-scheduler', groups: ['system:masters', 'system:authenticated'] };

const settings = (dataDir: string) => ({
  dataDir,
  bindAddress: '127.0.0.1',
  httpsListenPort: 0,
  tlsSan: ['127.0.0.1'],
  clusterCidr: ['10.128.0.0/9'],
  serviceCidr: SERVICE_CIDR,
  serviceNodePortRange: '30000-32767',
  clusterDns: defaultDnsAddress(SERVICE_CIDR),
  clusterDomain: 'cluster.local',
  datastoreEndpoint: 'memory:',
  disable: [],
  nodeIp: ['127.0.0.1'],
  nodeName: 'bench',
});

function podOf({ namespace, labels, spec, requests }: PodTemplate, name: string): Pod {
  const containers = [{ name: 'pause', image: 'registry.k8s.io/pause:3.10', resources: { requests } }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, ...(labels && { labels }) }, spec: { ...spec, containers } };
}

async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: CREATORS }, worker));
}

async function prepare(client: Client, { nodes: count, node }: Scenario, signal: AbortSignal): Promise<void> {
  for (const name of NAMESPACES) {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } };
    await client.create(serviceAccounts, account, { namespace: name, signal });
  }
  const priorityClass = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: HIGH_PRIORITY }, value: 1000 };
  await client.create(priorityClasses, priorityClass, { signal });
  await inParallel(count, async (index) => {
    const made = node(index);
    await client.create(nodes, made, { signal });
    const status = { status: made.status };
    await client.patch(nodes, made.metadata?.name ?? '', 'merge', status, { subresource: 'status', signal });
    await client.patch(nodes, made.metadata?.name ?? '', 'merge', { spec: { taints: null } }, { signal });
  });
}

const create = (client: Client, prefix: string, { count, pod }: Scenario['before'], signal: AbortSignal): Promise<void> =>
  inParallel(count, (index) => client.create(pods, podOf(pod, `${prefix}-${index}`), { namespace: pod.namespace, signal }));

/** Runs until `done` says that all is bound; the watch is the API's own. */
async function untilBound(
  client: Client,
  names: ReadonlySet<string>,
  namespace: string,
  from: string,
  signal: AbortSignal,
): Promise<number[]> {
  const left = new Set(names);
  const times: number[] = [];
  for await (const event of client.watch<Pod>(pods, { namespace, resourceVersion: from, signal })) {
    if (event.type !== 'MODIFIED' || !event.object.spec?.nodeName || !left.delete(event.object.metadata?.name ?? '')) continue;
    times.push(performance.now());
    if (left.size === 0) break;
  }
  return times;
}

/** A scheduler of its own for each phase: the measured one starts with what is there, as after a restart. */
async function schedule(
  plane: ControlPlane,
  wait: () => Promise<number[]>,
): Promise<{ startedAt: number; times: number[]; cpuSeconds: number }> {
  const client = createClient(plane.server.localTransport(SCHEDULER, 'kube-scheduler'));
  const informers = createInformers({ client, ...ambient });
  const events = eventRecorder({ client, component: 'default-scheduler', ...ambient });
  const scheduler = createScheduler({ client, informers, event: events.event, ...ambient });
  const stop = new AbortController();
  const waiting = wait();
  const ready = Promise.withResolvers<number>();
  const run = runAll([informers, events, scheduler], { signal: stop.signal, ready: () => ready.resolve(performance.now()) });
  const startedAt = await ready.promise;
  const before = process.cpuUsage();
  const times = await waiting;
  const { user, system } = process.cpuUsage(before);
  stop.abort();
  await run;
  return { startedAt, times, cpuSeconds: (user + system) / 1e6 };
}

async function phase(plane: ControlPlane, client: Client, prefix: string, part: Scenario['before'], signal: AbortSignal) {
  const { namespace } = part.pod;
  await create(client, prefix, part, signal);
  const { metadata } = await client.list(pods, { namespace, limit: 1, signal });
  const names = new Set(Array.from({ length: part.count }, (_, index) => `${prefix}-${index}`));
  return schedule(plane, () => untilBound(client, names, namespace, metadata.resourceVersion, signal));
}

async function measure(scenario: Scenario, plane: ControlPlane, signal: AbortSignal): Promise<object> {
  const client = createClient(plane.server.localTransport({ name: 'bench', groups: ['system:masters', 'system:authenticated'] }, 'bench'));
  await prepare(client, scenario, signal);
  await phase(plane, client, 'before', scenario.before, signal);
  const { startedAt, times, cpuSeconds } = await phase(plane, client, 'pod', scenario.measured, signal);
  const all = (await client.list<Pod>(pods, { signal })).items;
  const measured = all.filter(({ metadata }) => metadata?.namespace === scenario.measured.pod.namespace);
  assert.equal(measured.length, scenario.measured.count);
  scenario.check((await client.list(nodes, { signal })).items, measured, all);
  const ms = (times.at(-1) ?? Number.NaN) - startedAt;
  return { scenario: scenario.name, perSecond: measured.length / (ms / 1000), ms, pods: measured.length, cpuSeconds };
}

const [directory = '', name] = process.argv.slice(2);
const scenario = scenarios.find((each) => each.name === name);
if (!scenario) throw new Error(`there is no scenario ${name}`);
const stop = new AbortController();
const plane = await assembleControlPlane(settings(join(directory, 'host')), ambient);
const ready = Promise.withResolvers<void>();
const serving = runInOrder(plane.components, { signal: stop.signal, ready: ready.resolve });
await ready.promise;
process.stdout.write(`${JSON.stringify(await measure(scenario, plane, stop.signal))}\n`);
stop.abort();
await serving;
await plane.close();
