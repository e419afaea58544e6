import { rfc3339 } from '../../base/clock.ts';
import type { InterfaceUsage } from '../host/usage-plan.ts';
import type { ContainerSample, NodeSample, PodSample, Usage } from './node-stats.ts';

/** An earlier sample, to tell rates by; undefined when there is none that is fit for it. */
export type Earlier = NodeSample | undefined;

/** Samples closer to each other, or further apart, make no rate of the moment. */
const SHORTEST_MS = 500;
const LONGEST_MS = 120_000;

/**
 * The kubelet's /stats/summary (stats.k8s.io/v1alpha1 Summary), with what can be had: no accelerators, no pressure stall information, no page faults.
 * Rates (usageNanoCores) are there when `earlier` is a recent sample.
 */
export function summary(
  nodeName: string,
  sample: NodeSample,
  earlier: Earlier,
  { cpuAndMemoryOnly }: { cpuAndMemoryOnly: boolean },
): object {
  const podBefore = new Map(earlier?.pods.map((pod) => [pod.pod.metadata?.uid, pod]));
  const time = rfc3339(sample.atMs);
  const { filesystem } = sample;
  const fs = filesystem && {
    time,
    availableBytes: filesystem.availableBytes,
    capacityBytes: filesystem.capacityBytes,
    usedBytes: filesystem.usedBytes,
    inodesFree: filesystem.inodesFree,
    inodes: filesystem.inodes,
    inodesUsed: filesystem.inodes - filesystem.inodesFree,
  };
  return {
    node: {
      nodeName,
      ...(sample.startedAtMs > 0 && { startTime: rfc3339(sample.startedAtMs) }),
      cpu: cpu(sample, earlier),
      memory: { ...memory(sample), availableBytes: sample.memoryAvailableBytes },
      ...(!cpuAndMemoryOnly && { ...network(sample.interfaces, time), ...(fs && { fs, runtime: { imageFs: fs, containerFs: fs } }) }),
    },
    pods: sample.pods.map((pod) => podStats(pod, podBefore.get(pod.pod.metadata?.uid), cpuAndMemoryOnly)),
  };
}

function podStats(sample: PodSample, earlier: PodSample | undefined, cpuAndMemoryOnly: boolean): object {
  const { name, namespace, uid } = sample.pod.metadata ?? {};
  const before = new Map(earlier?.containers.map((container) => [container.id, container]));
  const containers = sample.containers.map((container) => containerStats(container, before.get(container.id), cpuAndMemoryOnly));
  return {
    podRef: { name, namespace, uid },
    startTime: sample.pod.status?.startTime ?? null,
    containers,
    cpu: cpu(sample, earlier),
    memory: memory(sample),
    ...(!cpuAndMemoryOnly && {
      ...network(sample.interfaces ?? [], rfc3339(sample.atMs)),
      'ephemeral-storage': {
        time: rfc3339(sample.atMs),
        usedBytes: sample.containers.reduce((bytes, container) => bytes + container.writableLayerUsedBytes, 0),
      },
      process_stats: { process_count: sample.processes },
    }),
  };
}

function containerStats(sample: ContainerSample, earlier: ContainerSample | undefined, cpuAndMemoryOnly: boolean): object {
  const { name, startedAtMs, writableLayerUsedBytes: usedBytes, atMs } = sample;
  return {
    name,
    startTime: rfc3339(startedAtMs),
    cpu: cpu(sample, earlier),
    memory: memory(sample),
    ...(!cpuAndMemoryOnly && { rootfs: { time: rfc3339(atMs), usedBytes } }),
  };
}

function cpu(sample: Usage, earlier: Usage | undefined): object {
  const nanoCores = rate(sample, earlier);
  return {
    time: rfc3339(sample.atMs),
    ...(nanoCores !== undefined && { usageNanoCores: nanoCores }),
    usageCoreNanoSeconds: Math.round(sample.cpuUsageNanos),
  };
}

/** Billionths of a CPU on average since the earlier sample. */
function rate(sample: Usage, earlier: Usage | undefined): number | undefined {
  const elapsedMs = earlier ? sample.atMs - earlier.atMs : 0;
  const used = earlier ? sample.cpuUsageNanos - earlier.cpuUsageNanos : -1;
  return used < 0 || elapsedMs < SHORTEST_MS || elapsedMs > LONGEST_MS ? undefined : Math.round((used * 1000) / elapsedMs);
}

const memory = ({ atMs, memoryUsageBytes, memoryWorkingSetBytes }: Usage) => ({
  time: rfc3339(atMs),
  usageBytes: memoryUsageBytes,
  workingSetBytes: memoryWorkingSetBytes,
});

/** The first interface is the one that counts for all. */
function network(usages: readonly InterfaceUsage[], time: string): object {
  const interfaces = usages.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({ name, rxBytes, rxErrors, txBytes, txErrors }));
  const [first] = interfaces;
  return first ? { network: { time, ...first, interfaces } } : {};
}
