import type { CgroupActivity, DeviceActivity, Throttling } from '../host/activity-plan.ts';
import type { InterfaceUsage } from '../host/usage-plan.ts';
import { exposition, type Family, type Point } from './exposition-plan.ts';
import type { ContainerSample, NodeSample, PodSample, Usage } from './node-stats.ts';

/** What `/metrics/cadvisor` says of the machine, besides the measurements. */
export interface MachineSize {
  readonly cpuCount: number;
  readonly memoryBytes: number;
}

/** What cgroups do, by their path, and the names of the devices that they do it with, by `major:minor`. */
export interface Activities {
  readonly cgroups: ReadonlyMap<string, CgroupActivity>;
  readonly deviceNames: ReadonlyMap<string, string>;
}

export interface CadvisorPage {
  readonly sample: NodeSample;
  readonly machine: MachineSize;
  /** The cgroup of a pod; those of its containers lie below it by their id. */
  readonly cgroupOf: CgroupOf;
  /** Absent where nothing has a cgroup. */
  readonly activities?: Activities;
}

type CgroupOf = (pod: PodSample) => string;
export const containerCgroup = (pod: PodSample, { id }: ContainerSample, cgroupOf: CgroupOf): string => `${cgroupOf(pod)}/${id}`;

type Labels = Point['labels'];
const NO_CONTAINER = { container: '', image: '', name: '' };

const podLabels = ({ pod }: PodSample) => ({ namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' });
const ofContainer = (pod: PodSample, container: ContainerSample, cgroupOf: CgroupOf): Labels => ({
  container: container.name,
  id: containerCgroup(pod, container, cgroupOf),
  image: container.image,
  name: container.id,
  ...podLabels(pod),
});
const ofPod = (pod: PodSample, cgroupOf: CgroupOf): Labels => ({ ...NO_CONTAINER, id: cgroupOf(pod), ...podLabels(pod) });
const ROOT: Labels = { ...NO_CONTAINER, id: '/', namespace: '', pod: '' };

/**
 * The series of cAdvisor that common dashboards are built on, from the same measurements as everything else: containers by name, a pod's cgroup with an
 * empty container, the machine as `/`.
 */
export function cadvisorMetrics({ sample, machine, cgroupOf, activities }: CadvisorPage): string {
  const usage = (of: (usage: Usage) => number): Point[] => [
    { labels: ROOT, value: of(sample), atMs: sample.atMs },
    ...sample.pods.flatMap((pod) => [
      { labels: ofPod(pod, cgroupOf), value: of(pod), atMs: pod.atMs },
      ...pod.containers.map((c) => ({ labels: ofContainer(pod, c, cgroupOf), value: of(c), atMs: c.atMs })),
    ]),
  ];
  const containers = (of: (container: ContainerSample) => number): Point[] =>
    sample.pods.flatMap((pod) => pod.containers.map((c) => ({ labels: ofContainer(pod, c, cgroupOf), value: of(c), atMs: c.atMs })));
  return exposition([
    family('container_cpu_usage_seconds_total', 'counter', 'CPU time that was used.', withCpu(usage((u) => u.cpuUsageNanos / 1e9))),
    family(
      'container_memory_usage_bytes',
      'gauge',
      'Memory in use, whatever for.',
      usage((u) => u.memoryUsageBytes),
    ),
    family(
      'container_memory_working_set_bytes',
      'gauge',
      'Working set.',
      usage((u) => u.memoryWorkingSetBytes),
    ),
    family(
      'container_fs_usage_bytes',
      'gauge',
      'Bytes in the writable layer.',
      containers((c) => c.writableLayerUsedBytes),
    ),
    family(
      'container_start_time_seconds',
      'gauge',
      'Start, since the epoch.',
      containers((c) => c.startedAtMs / 1000),
    ),
    ...(activities ? activityFamilies(activePoints(sample, cgroupOf, activities), activities.deviceNames) : []),
    ...networkFamilies(sample, cgroupOf),
    family('machine_cpu_cores', 'gauge', 'CPUs of the machine.', [{ labels: {}, value: machine.cpuCount }]),
    family('machine_memory_bytes', 'gauge', 'Memory of the machine.', [{ labels: {}, value: machine.memoryBytes }]),
  ]);
}

const family = (name: string, type: Family['type'], help: string, points: readonly Point[]): Family => ({ name, help, type, points });

/** cAdvisor tells CPUs apart; the kubelet's gives their sum under this name. */
const withCpu = (points: readonly Point[]): Point[] => points.map((point) => ({ ...point, labels: { ...point.labels, cpu: 'total' } }));

const NETWORK = [
  ['container_network_receive_bytes_total', 'Bytes received.', (i: InterfaceUsage) => i.rxBytes],
  ['container_network_receive_packets_total', 'Packets received.', (i: InterfaceUsage) => i.rxPackets],
  ['container_network_receive_packets_dropped_total', 'Packets dropped while receiving.', (i: InterfaceUsage) => i.rxDropped],
  ['container_network_receive_errors_total', 'Errors while receiving.', (i: InterfaceUsage) => i.rxErrors],
  ['container_network_transmit_bytes_total', 'Bytes sent.', (i: InterfaceUsage) => i.txBytes],
  ['container_network_transmit_packets_total', 'Packets sent.', (i: InterfaceUsage) => i.txPackets],
  ['container_network_transmit_packets_dropped_total', 'Packets dropped while sending.', (i: InterfaceUsage) => i.txDropped],
  ['container_network_transmit_errors_total', 'Errors while sending.', (i: InterfaceUsage) => i.txErrors],
] as const;

function networkFamilies(sample: NodeSample, cgroupOf: CgroupOf): Family[] {
  const of = (labels: Labels, interfaces: readonly InterfaceUsage[], value: (i: InterfaceUsage) => number, atMs: number): Point[] =>
    interfaces.map((each) => ({ labels: { ...labels, interface: each.name }, value: value(each), atMs }));
  return NETWORK.map(([name, help, value]) =>
    family(name, 'counter', help, [
      ...of(ROOT, sample.interfaces, value, sample.atMs),
      ...sample.pods.flatMap((pod) => of(ofPod(pod, cgroupOf), pod.interfaces ?? [], value, pod.atMs)),
    ]),
  );
}

interface ActivePoint {
  readonly labels: Labels;
  readonly atMs: number;
  readonly activity: CgroupActivity;
}

function activePoints(sample: NodeSample, cgroupOf: CgroupOf, { cgroups }: Activities): ActivePoint[] {
  const point = (labels: Labels, atMs: number): ActivePoint[] => {
    const activity = cgroups.get(labels.id ?? '');
    return activity ? [{ labels, atMs, activity }] : [];
  };
  return sample.pods.flatMap((pod) => [
    ...point(ofPod(pod, cgroupOf), pod.atMs),
    ...pod.containers.flatMap((c) => point(ofContainer(pod, c, cgroupOf), c.atMs)),
  ]);
}

const MEMORY = [
  ['container_memory_rss', 'Anonymous memory.', (a: CgroupActivity) => a.rssBytes],
  ['container_memory_cache', 'Page cache.', (a: CgroupActivity) => a.cacheBytes],
  ['container_memory_mapped_file', 'Memory mapped files.', (a: CgroupActivity) => a.mappedFileBytes],
  ['container_memory_swap', 'Swap in use.', (a: CgroupActivity) => a.swapBytes],
] as const;

const CFS = [
  ['container_cpu_cfs_periods_total', 'Periods of CPU limit that passed.', (t: Throttling) => t.periods],
  ['container_cpu_cfs_throttled_periods_total', 'Periods in which the CPU limit was reached.', (t: Throttling) => t.throttledPeriods],
  ['container_cpu_cfs_throttled_seconds_total', 'Time held back by the CPU limit.', (t: Throttling) => t.throttledNanos / 1e9],
] as const;

const DISK = [
  ['container_fs_reads_bytes_total', 'Bytes read.', (d: DeviceActivity) => d.readBytes],
  ['container_fs_reads_total', 'Reads completed.', (d: DeviceActivity) => d.reads],
  ['container_fs_writes_bytes_total', 'Bytes written.', (d: DeviceActivity) => d.writeBytes],
  ['container_fs_writes_total', 'Writes completed.', (d: DeviceActivity) => d.writes],
] as const;

type Row<T> = readonly [name: string, help: string, value: (part: T) => number];

function activityFamilies(active: readonly ActivePoint[], deviceNames: ReadonlyMap<string, string>): Family[] {
  const families = <T>(
    type: Family['type'],
    rows: readonly Row<T>[],
    parts: (activity: CgroupActivity) => readonly T[],
    labelsOf: (part: T) => Labels = () => ({}),
  ): Family[] => {
    const all = active.flatMap(({ activity, labels, atMs }) =>
      parts(activity).map((part) => ({ part, atMs, labels: { ...labels, ...labelsOf(part) } })),
    );
    return rows.map(([name, help, value]) => {
      const points = all.map(({ part, ...point }) => ({ ...point, value: value(part) }));
      return family(name, type, help, points);
    });
  };
  return [
    ...families('gauge', MEMORY, (a) => [a]),
    ...families('counter', CFS, (a) => (a.throttling ? [a.throttling] : [])),
    ...families(
      'counter',
      DISK,
      (a) => a.devices,
      ({ device }) => ({ device: deviceNames.get(device) ?? device }),
    ),
  ];
}
