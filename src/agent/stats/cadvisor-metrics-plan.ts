import type { InterfaceUsage } from '../host/usage-plan.ts';
import { exposition, type Family, type Point } from './exposition-plan.ts';
import type { ContainerSample, NodeSample, PodSample, Usage } from './node-stats.ts';

/** What `/metrics/cadvisor` says of the machine, besides the measurements. */
export interface MachineSize {
  readonly cpuCount: number;
  readonly memoryBytes: number;
}

type Labels = Point['labels'];
const NO_CONTAINER = { container: '', image: '', name: '' };

const podLabels = ({ pod }: PodSample) => ({ namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' });
const ofContainer = (pod: PodSample, { name, id, image }: ContainerSample, cgroup: CgroupOf): Labels => ({
  container: name,
  id: `${cgroup(pod)}/${id}`,
  image,
  name: id,
  ...podLabels(pod),
});
const ofPod = (pod: PodSample, cgroup: CgroupOf): Labels => ({ ...NO_CONTAINER, id: cgroup(pod), ...podLabels(pod) });
const ROOT: Labels = { ...NO_CONTAINER, id: '/', namespace: '', pod: '' };

type CgroupOf = (pod: PodSample) => string;

/**
 * The series of cAdvisor that common dashboards are built on, from the same measurements as everything else: containers by name, a pod's cgroup with an
 * empty container, the machine as `/`.
 */
export function cadvisorMetrics(sample: NodeSample, machine: MachineSize | undefined, cgroup: CgroupOf): string {
  const usage = (of: (usage: Usage) => number): Point[] => [
    { labels: ROOT, value: of(sample), atMs: sample.atMs },
    ...sample.pods.flatMap((pod) => [
      { labels: ofPod(pod, cgroup), value: of(pod), atMs: pod.atMs },
      ...pod.containers.map((c) => ({ labels: ofContainer(pod, c, cgroup), value: of(c), atMs: c.atMs })),
    ]),
  ];
  const containers = (of: (container: ContainerSample) => number): Point[] =>
    sample.pods.flatMap((pod) => pod.containers.map((c) => ({ labels: ofContainer(pod, c, cgroup), value: of(c), atMs: c.atMs })));
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
    ...networkFamilies(sample, cgroup),
    ...machineFamilies(machine),
  ]);
}

const family = (name: string, type: Family['type'], help: string, points: readonly Point[]): Family => ({ name, help, type, points });

/** cAdvisor tells CPUs apart; the kubelet's gives their sum under this name. */
const withCpu = (points: readonly Point[]): Point[] => points.map((point) => ({ ...point, labels: { ...point.labels, cpu: 'total' } }));

const NETWORK = [
  ['container_network_receive_bytes_total', 'Bytes received.', (i: InterfaceUsage) => i.rxBytes],
  ['container_network_receive_errors_total', 'Errors while receiving.', (i: InterfaceUsage) => i.rxErrors],
  ['container_network_transmit_bytes_total', 'Bytes sent.', (i: InterfaceUsage) => i.txBytes],
  ['container_network_transmit_errors_total', 'Errors while sending.', (i: InterfaceUsage) => i.txErrors],
] as const;

function networkFamilies(sample: NodeSample, cgroup: CgroupOf): Family[] {
  const of = (labels: Labels, interfaces: readonly InterfaceUsage[], value: (i: InterfaceUsage) => number, atMs: number): Point[] =>
    interfaces.map((each) => ({ labels: { ...labels, interface: each.name }, value: value(each), atMs }));
  return NETWORK.map(([name, help, value]) =>
    family(name, 'counter', help, [
      ...of(ROOT, sample.interfaces, value, sample.atMs),
      ...sample.pods.flatMap((pod) => of(ofPod(pod, cgroup), pod.interfaces ?? [], value, pod.atMs)),
    ]),
  );
}

const machineFamilies = (machine: MachineSize | undefined): Family[] =>
  machine
    ? [
        family('machine_cpu_cores', 'gauge', 'CPUs of the machine.', [{ labels: {}, value: machine.cpuCount }]),
        family('machine_memory_bytes', 'gauge', 'Memory of the machine.', [{ labels: {}, value: machine.memoryBytes }]),
      ]
    : [];
