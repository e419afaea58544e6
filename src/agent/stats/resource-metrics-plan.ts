import { exposition, type Family, type Point } from './exposition-plan.ts';
import type { ContainerSample, NodeSample, PodSample, Usage } from './node-stats.ts';

const SECOND = 1e9;
const seconds = ({ cpuUsageNanos }: Usage) => cpuUsageNanos / SECOND;
const workingSet = ({ memoryWorkingSetBytes }: Usage) => memoryWorkingSetBytes;

const podLabels = ({ pod }: PodSample) => ({ namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' });
const containerLabels = (pod: PodSample, { name }: ContainerSample) => ({ container: name, ...podLabels(pod) });

const counter = (name: string, help: string, points: readonly Point[]): Family => ({ name, help, type: 'counter', points });
const gauge = (name: string, help: string, points: readonly Point[]): Family => ({ name, help, type: 'gauge', points });

/** The kubelet's /metrics/resource: what metrics-server and minik's own metrics API live on. Source: Kubernetes, "Node metrics data" (resource metrics). */
export function resourceMetrics(sample: NodeSample): string {
  const node = (of: (usage: Usage) => number): Point[] => [{ labels: {}, value: of(sample), atMs: sample.atMs }];
  const pods = (of: (usage: Usage) => number): Point[] =>
    sample.pods.map((pod) => ({ labels: podLabels(pod), value: of(pod), atMs: pod.atMs }));
  const containers = (of: (usage: ContainerSample) => number, timed = true): Point[] =>
    sample.pods.flatMap((pod) =>
      pod.containers.map((c) => ({ labels: containerLabels(pod, c), value: of(c), ...(timed && { atMs: c.atMs }) })),
    );
  return exposition([
    counter('container_cpu_usage_seconds_total', 'CPU time that the container used.', containers(seconds)),
    gauge('container_memory_working_set_bytes', 'Working set of the container.', containers(workingSet)),
    gauge(
      'container_start_time_seconds',
      'When the container started, since the epoch.',
      containers((c) => c.startedAtMs / 1000, false),
    ),
    counter('node_cpu_usage_seconds_total', 'CPU time that the node used.', node(seconds)),
    gauge('node_memory_working_set_bytes', 'Working set of the node.', node(workingSet)),
    counter('pod_cpu_usage_seconds_total', 'CPU time that the pod used.', pods(seconds)),
    gauge('pod_memory_working_set_bytes', 'Working set of the pod.', pods(workingSet)),
    ...scrapeError(0),
  ]);
}

/** What is said when nothing could be measured. */
export const failedResourceMetrics = (): string => exposition(scrapeError(1));

/** `scrape_error` is the older name. */
const scrapeError = (value: number): Family[] =>
  ['resource_scrape_error', 'scrape_error'].map((name) =>
    gauge(name, '1 when there was an error while measuring, 0 otherwise.', [{ labels: {}, value }]),
  );
