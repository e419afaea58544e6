import type { CgroupActivity } from '../host/activity-plan.ts';
import type { FilesystemUsage } from '../host/usage.ts';
import { podCgroup } from '../pods/config/resources-plan.ts';
import { type Activities, cadvisorMetrics, containerCgroup, type MachineSize } from './cadvisor-metrics-plan.ts';
import type { NodeSample, NodeStats, PodSample } from './node-stats.ts';
import { failedResourceMetrics, resourceMetrics } from './resource-metrics-plan.ts';
import { summary } from './summary-plan.ts';
import { type ClaimedVolume, eachClaimOnce, volumeMetrics } from './volume-metrics-plan.ts';

/** What the kubelet's HTTP API answers about usage. Each page measures anew. */
export interface StatsPages {
  /** /metrics/resource. Never rejects: `resource_scrape_error` says that it failed. */
  resource(options: { signal: AbortSignal }): Promise<string>;
  /** /metrics/cadvisor. */
  cadvisor(options: { signal: AbortSignal }): Promise<string>;
  /** The part of /metrics that tells of claims' volumes. Those that cannot be measured are left out. */
  volumes(): Promise<string>;
  /** /stats/summary. */
  summary(options: { cpuAndMemoryOnly: boolean; signal: AbortSignal }): Promise<object>;
}

export interface StatsPagesOptions {
  readonly nodeName: string;
  readonly stats: NodeStats;
  readonly machine: () => Promise<MachineSize>;
  /** Absent where nothing has a cgroup. */
  readonly kernel?: Kernel;
  /** Absent where nothing is mounted. */
  readonly disks?: Disks;
}

/** What is read for /metrics/cadvisor alone. */
export interface Kernel {
  /** Undefined when there is no such cgroup. */
  activity(cgroup: string): Promise<CgroupActivity | undefined>;
  deviceNames(): Promise<ReadonlyMap<string, string>>;
}

/** What is read for volumes alone. */
export interface Disks {
  claimedVolumes(): readonly ClaimedVolume[];
  filesystem(path: string): Promise<FilesystemUsage>;
}

const cgroupOf = ({ pod }: PodSample) => podCgroup(pod);

export function statsPages({ nodeName, stats, machine, kernel, disks }: StatsPagesOptions): StatsPages {
  let earlier: NodeSample | undefined;
  return {
    async resource(options) {
      try {
        return resourceMetrics(await stats(options));
      } catch (error) {
        if (options.signal.aborted) throw error;
        return failedResourceMetrics();
      }
    },
    async cadvisor(options) {
      const [sample, size] = await Promise.all([stats(options), machine()]);
      const activities = kernel && (await readActivities(sample, kernel));
      return cadvisorMetrics({ sample, machine: size, cgroupOf, ...(activities && { activities }) });
    },
    volumes: async () => (disks ? volumeMetrics(await readVolumes(disks)) : ''),
    async summary({ cpuAndMemoryOnly, signal }) {
      const sample = await stats({ signal });
      const before = earlier;
      earlier = sample;
      return summary(nodeName, sample, before, { cpuAndMemoryOnly });
    },
  };
}

async function readActivities({ pods }: NodeSample, kernel: Kernel): Promise<Activities> {
  const paths = pods.flatMap((pod) => [cgroupOf(pod), ...pod.containers.map((c) => containerCgroup(pod, c, cgroupOf))]);
  const [deviceNames, ...found] = await Promise.all([
    kernel.deviceNames(),
    ...paths.map(async (path) => [path, await kernel.activity(path)] as const),
  ]);
  return { deviceNames, cgroups: new Map(found.flatMap(([path, activity]) => (activity ? [[path, activity]] : []))) };
}

async function readVolumes({ claimedVolumes, filesystem }: Disks) {
  const found = eachClaimOnce(claimedVolumes()).map(async (volume) => {
    const usage = await filesystem(volume.path).catch(() => undefined);
    return usage ? [{ ...volume, usage }] : [];
  });
  return (await Promise.all(found)).flat();
}
