import type { Pod } from '../../api/schema/generated/types.ts';
import { isReady, podCondition } from '../lib/pod-state-plan.ts';

/** What one pod uses, in thousandths, on average over the window that ended at `atMs`. */
export interface PodMetric {
  readonly milli: number;
  readonly atMs: number;
  readonly windowMs: number;
}
/** By pod. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

/** Which pods count, and how. Names. */
export interface PodGroups {
  readonly ready: number;
  /** They may have to do with fewer when they are ready: nothing is concluded from what they use. */
  readonly unready: ReadonlySet<string>;
  /** Nothing is known of what they use. */
  readonly missing: ReadonlySet<string>;
  /** On their way out. */
  readonly ignored: ReadonlySet<string>;
}

/** What a container burns while it starts says nothing (kube-controller-manager --horizontal-pod-autoscaler-cpu-initialization-period). */
const CPU_INITIALIZATION_MS = 300_000;
/** A pod that turned unready so soon after its start has never been ready (--horizontal-pod-autoscaler-initial-readiness-delay). */
const INITIAL_READINESS_DELAY_MS = 30_000;

export const nameOf = (pod: Pod): string => pod.metadata?.name ?? '';

/** Source: Kubernetes, "Horizontal Pod Autoscaling" (algorithm details). `resource`: '' for metrics that are no resource. */
export function groupPods(pods: readonly Pod[], metrics: PodMetrics, resource: string, nowMs: number): PodGroups {
  const groups = { ready: 0, unready: new Set<string>(), missing: new Set<string>(), ignored: new Set<string>() };
  for (const pod of pods) {
    const name = nameOf(pod);
    const metric = metrics.get(name);
    if (pod.metadata?.deletionTimestamp || pod.status?.phase === 'Failed') groups.ignored.add(name);
    else if (pod.status?.phase === 'Pending') groups.unready.add(name);
    else if (!metric) groups.missing.add(name);
    else if (resource === 'cpu' && startsStill(pod, metric, nowMs)) groups.unready.add(name);
    else groups.ready += 1;
  }
  return groups;
}

function startsStill(pod: Pod, metric: PodMetric, nowMs: number): boolean {
  const ready = podCondition(pod, 'Ready');
  const startedMs = Date.parse(pod.status?.startTime ?? '');
  if (!ready || Number.isNaN(startedMs)) return true;
  const turnedMs = Date.parse(ready.lastTransitionTime ?? '');
  if (startedMs + CPU_INITIALIZATION_MS > nowMs) return ready.status === 'False' || metric.atMs < turnedMs + metric.windowMs;
  return ready.status === 'False' && startedMs + INITIAL_READINESS_DELAY_MS > turnedMs;
}

/** Throws when there is none at all. */
export function readyPods(pods: readonly Pod[]): number {
  if (pods.length === 0) throw new Error(NO_PODS);
  return pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
}

export const NO_PODS = 'no pods returned by selector while calculating replica count';
