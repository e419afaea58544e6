import { podCgroup } from '../pods/config/resources-plan.ts';
import { cadvisorMetrics, type MachineSize } from './cadvisor-metrics-plan.ts';
import type { NodeSample, NodeStats } from './node-stats.ts';
import { failedResourceMetrics, resourceMetrics } from './resource-metrics-plan.ts';
import { summary } from './summary-plan.ts';

/** What the kubelet's HTTP API answers about usage. Each page measures anew. */
export interface StatsPages {
  /** /metrics/resource. Never rejects: `resource_scrape_error` says that it failed. */
  resource(options: { signal: AbortSignal }): Promise<string>;
  /** /metrics/cadvisor. */
  cadvisor(options: { signal: AbortSignal }): Promise<string>;
  /** /stats/summary. */
  summary(options: { cpuAndMemoryOnly: boolean; signal: AbortSignal }): Promise<object>;
}

export interface StatsPagesOptions {
  readonly nodeName: string;
  readonly stats: NodeStats;
  readonly machine: () => Promise<MachineSize>;
}

export function statsPages({ nodeName, stats, machine }: StatsPagesOptions): StatsPages {
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
      return cadvisorMetrics(sample, size, ({ pod }) => podCgroup(pod));
    },
    async summary({ cpuAndMemoryOnly, signal }) {
      const sample = await stats({ signal });
      const before = earlier;
      earlier = sample;
      return summary(nodeName, sample, before, { cpuAndMemoryOnly });
    },
  };
}
