import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leases, nodes } from '../../api/index.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { type FakeCluster, fakeCluster } from '../../client/fake-client.ts';
import type { Image, RuntimeStatus } from '../../runtime/runtime.ts';
import type { NodeFacts } from './node-facts.ts';
import { nodeAllocatable, nodeCapacity, nodeImages } from './node-plan.ts';
import { createNodeReporter, type NodeReporter } from './node-reporter.ts';

const MiB = 2 ** 20;
const facts: NodeFacts = {
  cpuCount: 4,
  memoryBytes: 8192 * MiB,
  swapBytes: 0,
  storageBytes: 100_000 * MiB,
  hugePages: {},
  architecture: 'amd64',
  kernelVersion: '6.12',
  osImage: 'Linux',
  bootId: 'boot',
  machineId: 'machine',
  systemUuid: 'uuid',
};

let clock: FakeClock;
let cluster: FakeCluster;
let runtimeStatus: RuntimeStatus;
let events: string[];
let cidrs: string[];
let stop: AbortController;
let readyAtMs: number | undefined;
let run: Promise<void>;

function start(options: Partial<Parameters<typeof createNodeReporter>[0]> = {}): NodeReporter {
  const reporter = createNodeReporter({
    nodeName: 'n1',
    nodeIps: ['10.0.0.1', 'fd00::1'],
    labels: { 'example.com/rack': 'r1' },
    taints: [{ key: 'dedicated', effect: 'NoSchedule' }],
    client: cluster.client,
    runtime: {
      version: async () => ({ name: 'containerd', version: 'v2.1.4', apiVersion: 'v1' }),
      status: async () => runtimeStatus,
      listImages: async () => [],
    },
    facts: async () => facts,
    kubeletPort: 10250,
    version: 'v1.36.2+minik',
    podCidrsChanged: (all) => void cidrs.push(all.join()),
    clock,
    random: () => 0,
    log: silentLogger,
    event: (_, __, reason) => void events.push(reason),
    ...options,
  });
  const ready = () => {
    readyAtMs ??= clock.monotonic();
  };
  run = reporter.run({ signal: stop.signal, ready });
  return reporter;
}

beforeEach(() => {
  clock = fakeClock();
  cluster = fakeCluster({ clock });
  runtimeStatus = { runtimeReady: true, networkReady: true, message: '' };
  [events, cidrs, readyAtMs] = [[], [], undefined];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await run;
  expect(clock.pending).toBe(0);
});

const node = () => cluster.find(nodes, 'n1');
const condition = (type: string) => node()?.status?.conditions?.find((c) => c.type === type);
const statusWrites = () => cluster.writes.filter((write) => write.startsWith('patch nodes/status')).length;

describe('a node', () => {
  it('registers itself, with what Kubernetes expects to know of it', async () => {
    start();
    await clock.advance(0);
    expect(readyAtMs).toBe(0);
    expect(node()).toMatchObject({
      metadata: { labels: { 'kubernetes.io/hostname': 'n1', 'kubernetes.io/arch': 'amd64', 'example.com/rack': 'r1' } },
      spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] },
      status: {
        addresses: [
          { type: 'InternalIP', address: '10.0.0.1' },
          { type: 'InternalIP', address: 'fd00::1' },
          { type: 'Hostname', address: 'n1' },
        ],
        capacity: { cpu: '4', memory: '8Gi', pods: '110' },
        allocatable: { cpu: '4', memory: '8092Mi', pods: '110' },
        declaredFeatures: ['InPlacePodLevelResourcesVerticalScaling', 'InPlacePodVerticalScalingInitContainers'],
        nodeInfo: { kubeletVersion: 'v1.36.2+minik', containerRuntimeVersion: 'containerd://2.1.4' },
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      },
    });
    expect(condition('Ready')).toMatchObject({ status: 'True', reason: 'KubeletReady' });
    expect(condition('DiskPressure')).toMatchObject({ status: 'False', reason: 'KubeletHasNoDiskPressure' });
    expect(events).toContain('NodeReady');
  });

  it('becomes ready as soon as its runtime and network are', async () => {
    runtimeStatus = { runtimeReady: true, networkReady: false, message: 'no CNI config' };
    start();
    await clock.advance(1000);
    expect(condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'container runtime network not ready: NetworkReady=false: no CNI config',
    });
    const writes = statusWrites();
    await clock.advance(1000);
    expect(statusWrites()).toBe(writes);
    runtimeStatus = { runtimeReady: true, networkReady: true, message: '' };
    await clock.advance(50);
    expect(condition('Ready')).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:00:02Z' });
    expect(readyAtMs).toBe(2050);
  });

  it('renews its lease every ten seconds and writes nothing else for five minutes', async () => {
    start();
    await clock.advance(0);
    const lease = () => cluster.find(leases, 'kube-node-lease/n1');
    expect(lease()).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Node', name: 'n1', uid: node()?.metadata?.uid }] },
      spec: { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' },
    });
    const before = statusWrites();
    await clock.advance(60_000);
    expect(lease()?.spec?.renewTime).toBe('2026-01-01T00:01:00.000000Z');
    expect(statusWrites()).toBe(before);
    await clock.advance(245_000);
    expect(statusWrites()).toBe(before + 1);
    expect(condition('Ready')?.lastHeartbeatTime).toBe('2026-01-01T00:05:00Z');
  });

  it('keeps conditions of others and the taints that it has, when it starts again', async () => {
    const network = { type: 'NetworkUnavailable', status: 'False' };
    cluster.seed(nodes, {
      metadata: { name: 'n1', labels: { kept: 'yes' } },
      spec: { podCIDR: '10.42.0.0/24' },
      status: { conditions: [network] },
    });
    start();
    await clock.advance(0);
    expect(node()?.metadata?.labels).toMatchObject({ kept: 'yes', 'example.com/rack': 'r1' });
    expect(node()?.spec?.taints).toBeUndefined();
    expect(condition('NetworkUnavailable')).toMatchObject(network);
    expect(condition('Ready')?.status).toBe('True');
    expect(cidrs).toEqual(['10.42.0.0/24']);
  });

  it('hears of its pod range when the cluster gives it one', async () => {
    start();
    await clock.advance(10);
    await cluster.client.patch(nodes, 'n1', 'merge', { spec: { podCIDR: '10.42.3.0/24' } }, { signal: stop.signal });
    await clock.advance(0);
    expect(cidrs).toEqual(['10.42.3.0/24']);
  });

  it('allocates what others advertise on it, and no longer when it is gone', async () => {
    const reporter = start();
    await clock.advance(10);
    const advertise = (amount: string | null) =>
      cluster.client.patch(
        nodes,
        'n1',
        'merge',
        { status: { capacity: { 'example.com/dongle': amount } } },
        { subresource: 'status', signal: stop.signal },
      );
    await advertise('4');
    reporter.check();
    await clock.advance(0);
    await clock.advance(10_000);
    expect(node()?.status?.allocatable?.['example.com/dongle']).toBe('4');
    await advertise(null);
    await clock.advance(10_000);
    expect(node()?.status?.allocatable).not.toHaveProperty('example.com/dongle');
  });

  it('stays away when it is deleted, and comes back when somebody makes it', async () => {
    start();
    await clock.advance(10);
    await cluster.client.delete(nodes, 'n1', { signal: stop.signal });
    await clock.advance(30_000);
    expect(node()).toBeUndefined();
    cluster.seed(nodes, { metadata: { name: 'n1' } });
    await clock.advance(10_000);
    expect(condition('Ready')?.status).toBe('True');
  });

  it('tries again when the server does not answer', async () => {
    const { intercept } = cluster;
    cluster.intercept = () => {
      throw new Error('connection refused');
    };
    start();
    await clock.advance(250);
    cluster.intercept = intercept;
    await clock.advance(1000);
    expect(condition('Ready')?.status).toBe('True');
  });

  it('is under pressure when told, and not ready when the runtime does not answer', async () => {
    let memory = false;
    const reporter = start({ pressure: () => ({ memory, disk: false, pids: false }) });
    await clock.advance(10);
    memory = true;
    reporter.check();
    await clock.advance(0);
    expect(condition('MemoryPressure')).toMatchObject({ status: 'True', reason: 'KubeletHasInsufficientMemory' });
    expect(events).toContain('NodeHasInsufficientMemory');
  });
});

describe('node resources', () => {
  it('count huge pages by size and take them out of memory', () => {
    const capacity = nodeCapacity({ maxPods: 10 }, { ...facts, hugePages: { [2 * MiB]: 64 * MiB } });
    expect(capacity).toMatchObject({ 'hugepages-2Mi': '64Mi' });
    expect(nodeAllocatable(capacity, { cpu: '500m' })).toMatchObject({
      cpu: '3500m',
      memory: '8128Mi',
      'hugepages-2Mi': '64Mi',
      pods: '10',
    });
  });

  it('list the largest images by at most five names', () => {
    const image = (name: string, sizeBytes: number): Image => ({
      id: name,
      repoTags: [name],
      repoDigests: [`${name}@d`],
      sizeBytes,
      pinned: false,
    });
    const many = Array.from({ length: 60 }, (_, i) => image(`i${i}`, i));
    const listed = nodeImages([...many, { ...image('unnamed', 1000), repoTags: [], repoDigests: [] }]);
    expect(listed).toHaveLength(50);
    expect(listed[0]).toEqual({ names: ['i59@d', 'i59'], sizeBytes: 59 });
  });
});
