import type { Pod } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { ContainerStats, Runtime } from '../../runtime/runtime.ts';
import type { CgroupUsage } from '../host/cgroup-plan.ts';
import type { FilesystemUsage, MachineUsage } from '../host/usage.ts';
import type { InterfaceUsage } from '../host/usage-plan.ts';
import type { PodDirectory, RunningContainer } from '../streaming/pod-directory.ts';

/** CPU is cumulative, memory is of the moment. */
export interface Usage {
  /** When it was measured; milliseconds since the epoch. */
  readonly atMs: number;
  readonly cpuUsageNanos: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
}
export interface ContainerSample extends Usage {
  readonly name: string;
  /** The runtime's. */
  readonly id: string;
  readonly image: string;
  readonly startedAtMs: number;
  readonly writableLayerUsedBytes: number;
}
export interface PodSample extends Usage {
  readonly pod: Pod;
  readonly containers: readonly ContainerSample[];
  readonly processes: number;
  /** Absent for pods in the network of the node. */
  readonly interfaces: readonly InterfaceUsage[] | undefined;
}
export interface NodeSample extends Usage {
  readonly startedAtMs: number;
  readonly memoryAvailableBytes: number;
  readonly pods: readonly PodSample[];
  readonly interfaces: readonly InterfaceUsage[];
  readonly filesystem: FilesystemUsage | undefined;
}

/** What a pod's cgroup and network say. */
export interface PodUsage extends CgroupUsage {
  readonly interfaces: readonly InterfaceUsage[];
}

export interface NodeStatsOptions {
  readonly runtime: Pick<Runtime, 'containerStats'>;
  readonly directory: Pick<PodDirectory, 'pods' | 'running'>;
  /** Absent, or undefined for a pod: it is the sum of its containers. */
  readonly podUsage?: (pod: Pod) => Promise<PodUsage | undefined>;
  /** Absent: the node is the sum of its pods and of `besidesPods`. */
  readonly machineUsage?: () => Promise<MachineUsage>;
  readonly besidesPods?: () => Usage;
  readonly clock: Clock;
}

/** Measures the node and all that runs on it, now. Nothing is measured while nobody asks. Rejects with RuntimeError. */
export type NodeStats = (options: { signal: AbortSignal }) => Promise<NodeSample>;

export function nodeStats({ runtime, directory, podUsage, machineUsage, besidesPods, clock }: NodeStatsOptions): NodeStats {
  return async ({ signal }) => {
    const startedMs = clock.now();
    const [measured, machine] = await Promise.all([runtime.containerStats({ signal }), machineUsage?.()]);
    const statsOf = new Map(measured.map((stats) => [stats.id, stats]));
    const running = Map.groupBy(directory.running(), ({ podUid }) => podUid);
    const runningOf = (pod: Pod) => running.get(pod.metadata?.uid ?? '') ?? [];
    const samples = directory
      .pods()
      .filter((pod) => runningOf(pod).length > 0)
      .map(async (pod) => samplePod(pod, containerSamples(runningOf(pod), statsOf), await podUsage?.(pod), clock.now()));
    const pods = await Promise.all(samples);
    return machine ? ofMachine(machine, pods) : ofPods(pods, besidesPods ? [besidesPods()] : [], startedMs);
  };
}

function containerSamples(running: readonly RunningContainer[], statsOf: ReadonlyMap<string, ContainerStats>): ContainerSample[] {
  return running.flatMap(({ id, name, image, startedAtMs }) => {
    const stats = statsOf.get(id);
    // A container that the runtime could not measure has a time of 0.
    if (!stats?.timestampMs) return [];
    const { timestampMs: atMs, cpuUsageNanos, memoryUsageBytes, memoryWorkingSetBytes, writableLayerUsedBytes } = stats;
    return [{ id, name, image, startedAtMs, atMs, cpuUsageNanos, memoryUsageBytes, memoryWorkingSetBytes, writableLayerUsedBytes }];
  });
}

function samplePod(pod: Pod, containers: readonly ContainerSample[], own: PodUsage | undefined, nowMs: number): PodSample {
  const usage = own ? { ...usageOf(own), atMs: nowMs } : sum(containers, nowMs);
  const interfaces = pod.spec?.hostNetwork ? undefined : own?.interfaces;
  return { pod, containers, ...usage, processes: own?.processes ?? 0, interfaces };
}

const usageOf = ({ cpuUsageNanos, memoryUsageBytes, memoryWorkingSetBytes }: CgroupUsage) => ({
  cpuUsageNanos,
  memoryUsageBytes,
  memoryWorkingSetBytes,
});

function sum(parts: readonly Usage[], nowMs: number): Usage {
  const total = (of: (usage: Usage) => number) => parts.reduce((all, part) => all + of(part), 0);
  return {
    atMs: parts[0]?.atMs ?? nowMs,
    cpuUsageNanos: total((u) => u.cpuUsageNanos),
    memoryUsageBytes: total((u) => u.memoryUsageBytes),
    memoryWorkingSetBytes: total((u) => u.memoryWorkingSetBytes),
  };
}

const ofMachine = (machine: MachineUsage, pods: readonly PodSample[]): NodeSample => ({
  atMs: machine.atMs,
  startedAtMs: machine.bootTimeMs,
  cpuUsageNanos: machine.cpuUsageNanos,
  memoryUsageBytes: machine.memory.usageBytes,
  memoryWorkingSetBytes: machine.memory.workingSetBytes,
  memoryAvailableBytes: machine.memory.availableBytes,
  pods,
  interfaces: machine.interfaces,
  filesystem: machine.filesystem,
});

const ofPods = (pods: readonly PodSample[], besides: readonly Usage[], atMs: number): NodeSample => ({
  ...sum([...besides, ...pods], atMs),
  startedAtMs: 0,
  memoryAvailableBytes: 0,
  pods,
  interfaces: [],
  filesystem: undefined,
});
