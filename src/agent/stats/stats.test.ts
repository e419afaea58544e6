import { expect, test } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { type ContainerStats, RuntimeError } from '../../runtime/runtime.ts';
import type { MachineUsage } from '../host/usage.ts';
import type { RunningContainer } from '../streaming/pod-directory.ts';
import { cadvisorMetrics } from './cadvisor-metrics-plan.ts';
import { exposition } from './exposition-plan.ts';
import { nodeStats, type PodUsage } from './node-stats.ts';
import { statsPages } from './stats-pages.ts';

const { signal } = new AbortController();
const MI = 1 << 20;

const pod = (name: string, spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name, namespace: 'n', uid: `uid-${name}` },
  spec: { containers: [], ...spec },
  status: { startTime: '2026-01-01T00:00:00Z' },
});
const running = (podName: string, name: string, id: string): RunningContainer => ({
  id,
  podUid: `uid-${podName}`,
  name,
  image: 'web:1',
  startedAtMs: 5000,
  logPath: '',
});
const received = { rxBytes: 10, rxPackets: 3, rxErrors: 1, rxDropped: 5 };
const sent = { txBytes: 20, txPackets: 4, txErrors: 2, txDropped: 6 };
const eth0 = { name: 'eth0', ...received, ...sent };
/** Read a moment after it was asked for. */
const READ_AFTER_MS = 7;
const machine: Omit<MachineUsage, 'atMs'> = {
  bootTimeMs: 1000,
  cpuUsageNanos: 9e9,
  memory: { usageBytes: 8 * MI, workingSetBytes: 6 * MI, availableBytes: 2 * MI },
  filesystem: { capacityBytes: 100, availableBytes: 40, usedBytes: 60, inodes: 10, inodesFree: 4 },
  interfaces: [eth0],
};
const ofPod: PodUsage = { cpuUsageNanos: 4e9, memoryUsageBytes: 3 * MI, memoryWorkingSetBytes: 2 * MI, processes: 3, interfaces: [eth0] };

function start(how: { pods?: Pod[]; isReal?: boolean; fault?: RuntimeError } = {}) {
  const clock = fakeClock();
  let usedNanos = 1e9;
  const containers = [running('a', 'main', 'c1'), running('a', 'side', 'c2'), running('b', 'gone', 'c3')];
  const stats = nodeStats({
    runtime: {
      async containerStats(): Promise<ContainerStats[]> {
        if (how.fault) throw how.fault;
        const of = (id: string, timestampMs: number) => ({
          id,
          labels: {},
          timestampMs,
          cpuUsageNanos: usedNanos,
          memoryUsageBytes: 2 * MI,
          memoryWorkingSetBytes: MI,
          writableLayerUsedBytes: 77,
        });
        return [of('c1', clock.now()), of('c2', clock.now()), of('c3', 0), of('another', clock.now())];
      },
    },
    directory: { pods: () => how.pods ?? [pod('a'), pod('b'), pod('idle')], running: () => containers },
    ...(how.isReal !== false && {
      podUsage: async ({ metadata }: Pod) => (metadata?.name === 'a' ? ofPod : undefined),
      machineUsage: async () => ({ ...machine, atMs: clock.now() + READ_AFTER_MS }),
    }),
    clock,
  });
  const pages = statsPages({ nodeName: 'node', stats, machine: async () => ({ cpuCount: 2, memoryBytes: 10 * MI }) });
  const work = (nanos: number) => {
    usedNanos += nanos;
  };
  return { clock, stats, pages, work };
}

test('the time of the machine’s sample is that at which it was read, or its rate would be wrong on a busy machine', async () => {
  const { clock, stats } = start();
  expect((await stats({ signal })).atMs).toBe(clock.now() + READ_AFTER_MS);
});

test('the pages of the resource metrics have the names, labels and times that metrics-server reads', async () => {
  const { clock, pages } = start();
  const at = clock.now();
  const text = await pages.resource({ signal });
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(series).toEqual([
    `container_cpu_usage_seconds_total{container="main",namespace="n",pod="a"} 1 ${at}`,
    `container_cpu_usage_seconds_total{container="side",namespace="n",pod="a"} 1 ${at}`,
    `container_memory_working_set_bytes{container="main",namespace="n",pod="a"} ${MI} ${at}`,
    `container_memory_working_set_bytes{container="side",namespace="n",pod="a"} ${MI} ${at}`,
    'container_start_time_seconds{container="main",namespace="n",pod="a"} 5',
    'container_start_time_seconds{container="side",namespace="n",pod="a"} 5',
    `node_cpu_usage_seconds_total 9 ${at + READ_AFTER_MS}`,
    `node_memory_working_set_bytes ${6 * MI} ${at + READ_AFTER_MS}`,
    `pod_cpu_usage_seconds_total{namespace="n",pod="a"} 4 ${at}`,
    `pod_cpu_usage_seconds_total{namespace="n",pod="b"} 0 ${at}`,
    `pod_memory_working_set_bytes{namespace="n",pod="a"} ${2 * MI} ${at}`,
    `pod_memory_working_set_bytes{namespace="n",pod="b"} 0 ${at}`,
    'resource_scrape_error 0',
    'scrape_error 0',
  ]);
  expect(text).toContain('# TYPE container_cpu_usage_seconds_total counter\n');
});

test('a runtime that does not answer is a scrape error, not a broken page', async () => {
  const { pages } = start({ fault: new RuntimeError('Unavailable', 'gone') });
  expect(await pages.resource({ signal })).toContain('\nresource_scrape_error 1\n');
  await expect(pages.cadvisor({ signal })).rejects.toThrow('gone');
});

test('a node without a machine of its own is the sum of its pods, and a pod of its containers', async () => {
  const { stats } = start({ isReal: false, pods: [pod('a')] });
  expect(await stats({ signal })).toMatchObject({
    cpuUsageNanos: 2e9,
    memoryWorkingSetBytes: 2 * MI,
    pods: [{ cpuUsageNanos: 2e9, memoryUsageBytes: 4 * MI }],
  });
});

test('the summary has rates from the second time on, and what pods, network and file systems use', async () => {
  const { clock, pages, work } = start({ pods: [pod('a'), pod('b', { hostNetwork: true })] });
  const first = (await pages.summary({ cpuAndMemoryOnly: false, signal })) as { pods: { containers: { cpu: object }[] }[] };
  expect(first.pods[0]?.containers[0]?.cpu).not.toHaveProperty('usageNanoCores');
  await clock.advance(10_000);
  work(5e9);
  expect(await pages.summary({ cpuAndMemoryOnly: false, signal })).toMatchObject({
    node: {
      nodeName: 'node',
      startTime: '1970-01-01T00:00:01Z',
      cpu: { usageCoreNanoSeconds: 9e9, usageNanoCores: 0 },
      memory: { workingSetBytes: 6 * MI, availableBytes: 2 * MI },
      network: { name: 'eth0', rxBytes: 10, interfaces: [{ name: 'eth0' }] },
      fs: { usedBytes: 60, inodesUsed: 6 },
    },
    pods: [
      {
        podRef: { name: 'a', namespace: 'n', uid: 'uid-a' },
        startTime: '2026-01-01T00:00:00Z',
        containers: [
          { name: 'main', cpu: { usageNanoCores: 5e8, usageCoreNanoSeconds: 6e9 }, rootfs: { usedBytes: 77 } },
          { name: 'side' },
        ],
        memory: { workingSetBytes: 2 * MI },
        network: { txBytes: 20 },
        'ephemeral-storage': { usedBytes: 154 },
        process_stats: { process_count: 3 },
      },
      { podRef: { name: 'b' }, containers: [] },
    ],
  });
  const short = (await pages.summary({ cpuAndMemoryOnly: true, signal })) as { node: object; pods: object[] };
  expect(Object.keys(short.node)).toEqual(['nodeName', 'startTime', 'cpu', 'memory']);
  expect(short.pods[0]).not.toHaveProperty('network');
});

test('the series of cAdvisor tell containers, pods and the machine apart', async () => {
  const { clock, stats } = start();
  const at = clock.now();
  const text = cadvisorMetrics({
    sample: await stats({ signal }),
    machine: { cpuCount: 2, memoryBytes: 10 * MI },
    cgroupOf: ({ pod: p }) => `/kubepods/pod${p.metadata?.uid}`,
  });
  for (const line of [
    `container_cpu_usage_seconds_total{container="main",id="/kubepods/poduid-a/c1",image="web:1",name="c1",namespace="n",pod="a",cpu="total"} 1 ${at}`,
    `container_memory_working_set_bytes{container="",image="",name="",id="/kubepods/poduid-a",namespace="n",pod="a"} ${2 * MI} ${at}`,
    `container_memory_usage_bytes{container="",image="",name="",id="/",namespace="",pod=""} ${8 * MI} ${at + READ_AFTER_MS}`,
    `container_network_receive_bytes_total{container="",image="",name="",id="/kubepods/poduid-a",namespace="n",pod="a",interface="eth0"} 10 ${at}`,
    `container_network_receive_packets_total{container="",image="",name="",id="/kubepods/poduid-a",namespace="n",pod="a",interface="eth0"} 3 ${at}`,
    `container_network_transmit_packets_dropped_total{container="",image="",name="",id="/",namespace="",pod="",interface="eth0"} 6 ${at + READ_AFTER_MS}`,
    `container_network_transmit_bytes_total{container="",image="",name="",id="/",namespace="",pod="",interface="eth0"} 20 ${at + READ_AFTER_MS}`,
    `container_fs_usage_bytes{container="side",id="/kubepods/poduid-a/c2",image="web:1",name="c2",namespace="n",pod="a"} 77 ${at}`,
    'machine_cpu_cores 2',
    `machine_memory_bytes ${10 * MI}`,
  ])
    expect(text.split('\n')).toContain(line);
});

test('the page of cAdvisor tells what cgroups do, of those that are there', async () => {
  const { clock, stats } = start();
  const at = clock.now();
  const activity = {
    rssBytes: 300,
    cacheBytes: 200,
    mappedFileBytes: 40,
    swapBytes: 5,
    throttling: { periods: 76, throttledPeriods: 3, throttledNanos: 5e7 },
    devices: [{ device: '254:0', reads: 4, readBytes: 4096, writes: 5, writeBytes: 8192 }],
  };
  const { throttling, ...unlimited } = activity;
  const asked: string[] = [];
  const pages = statsPages({
    nodeName: 'node',
    stats,
    machine: async () => ({ cpuCount: 2, memoryBytes: 10 * MI }),
    kernel: {
      async activity(path) {
        asked.push(path);
        if (path.endsWith('/c1')) return activity;
        return path.endsWith('/c2') ? unlimited : undefined;
      },
      deviceNames: async () => new Map([['254:0', '/dev/vda']]),
    },
  });
  const lines = (await pages.cadvisor({ signal })).split('\n');
  const pod = '/kubepods/besteffort/poduid-a';
  expect(asked).toContain(pod);
  const labels = (name: string, id: string) => `container="${name}",id="${pod}/${id}",image="web:1",name="${id}",namespace="n",pod="a"`;
  for (const line of [
    `container_memory_rss{${labels('main', 'c1')}} 300 ${at}`,
    `container_memory_cache{${labels('side', 'c2')}} 200 ${at}`,
    `container_memory_swap{${labels('main', 'c1')}} 5 ${at}`,
    `container_cpu_cfs_periods_total{${labels('main', 'c1')}} 76 ${at}`,
    `container_cpu_cfs_throttled_periods_total{${labels('main', 'c1')}} 3 ${at}`,
    `container_cpu_cfs_throttled_seconds_total{${labels('main', 'c1')}} 0.05 ${at}`,
    `container_fs_reads_bytes_total{${labels('main', 'c1')},device="/dev/vda"} 4096 ${at}`,
    `container_fs_writes_total{${labels('side', 'c2')},device="/dev/vda"} 5 ${at}`,
  ])
    expect(lines).toContain(line);
  expect(lines.filter((line) => line.startsWith('container_cpu_cfs_periods_total'))).toHaveLength(1);
});

test('volumes of claims are measured where they lie, each once', async () => {
  const { stats } = start();
  const volume = (claim: string) => ({ namespace: 'n', claim, path: `/srv/${claim}` });
  const pages = statsPages({
    nodeName: 'node',
    stats,
    machine: async () => ({ cpuCount: 2, memoryBytes: 10 * MI }),
    disks: {
      claimedVolumes: () => [volume('a'), volume('gone'), volume('a')],
      async filesystem(path) {
        if (path !== '/srv/a') throw new Error('ENOENT');
        return { capacityBytes: 100, availableBytes: 40, usedBytes: 55, inodes: 10, inodesFree: 4 };
      },
    },
  });
  const lines = (await pages.volumes()).split('\n');
  const of = '{namespace="n",persistentvolumeclaim="a"}';
  expect(lines.filter((line) => line.startsWith('kubelet_'))).toEqual([
    `kubelet_volume_stats_capacity_bytes${of} 100`,
    `kubelet_volume_stats_available_bytes${of} 40`,
    `kubelet_volume_stats_used_bytes${of} 55`,
    `kubelet_volume_stats_inodes${of} 10`,
    `kubelet_volume_stats_inodes_free${of} 4`,
    `kubelet_volume_stats_inodes_used${of} 6`,
  ]);
});

test('labels are escaped, and families without points are left out', () => {
  const text = exposition([
    { name: 'a', help: 'A.', type: 'gauge', points: [{ labels: { x: 'q"b\\s\nn' }, value: 1 }] },
    { name: 'b', help: 'B.', type: 'gauge', points: [] },
  ]);
  expect(text).toBe('# HELP a A.\n# TYPE a gauge\na{x="q\\"b\\\\s\\nn"} 1\n');
});
