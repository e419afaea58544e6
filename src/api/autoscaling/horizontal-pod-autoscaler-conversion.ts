import type {
  HorizontalPodAutoscaler,
  ObjectMeta,
  V2HorizontalPodAutoscaler,
  V2MetricSpec,
  V2MetricStatus,
} from '../schema/generated/types.ts';
import { behaviorFromV1, behaviorToV1, specFromV1, specToV1, statusFromV1, statusToV1 } from './horizontal-pod-autoscaler-annotations.ts';

/** Annotations that carry v2's content through autoscaling/v1 (their names are part of the API). */
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CARRIED = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR];

/** Metadata of an object that needs none of them. */
export function withoutCarried(metadata: ObjectMeta): ObjectMeta {
  const { annotations = {} } = metadata;
  if (!CARRIED.some((key) => key in annotations)) return metadata;
  return withAnnotations(metadata, Object.fromEntries(Object.entries(annotations).filter(([key]) => !CARRIED.includes(key))));
}

type Json = Readonly<Record<string, unknown>>;

const isCpuUtilization = (m: V2MetricSpec) =>
  m.type === 'Resource' && m.resource?.name === 'cpu' && m.resource.target.averageUtilization !== undefined;

export function toV1(v2: V2HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const { metrics = [], behavior, ...spec } = v2.spec ?? ({} as NonNullable<typeof v2.spec>);
  const cpu = metrics.find(isCpuUtilization);
  const others = metrics.filter((m) => !isCpuUtilization(m));
  const { currentMetrics: measured, conditions = [], ...status } = v2.status ?? ({} as NonNullable<typeof v2.status>);
  const currentMetrics = measured ?? [];
  const currentCpu = currentMetrics.find((m) => m.type === 'Resource' && m.resource?.name === 'cpu')?.resource?.current.averageUtilization;
  const carried = {
    ...(others.length > 0 && { [METRICS]: JSON.stringify(others.map(specToV1)) }),
    ...(behavior && { [BEHAVIOR]: JSON.stringify(behaviorToV1(behavior)) }),
    ...(currentMetrics.length > 0 && { [CURRENT_METRICS]: JSON.stringify(currentMetrics.map(statusToV1)) }),
    ...(conditions.length > 0 && { [CONDITIONS]: JSON.stringify(conditions) }),
  };
  return {
    ...v2,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(v2.metadata, { ...v2.metadata?.annotations, ...carried }),
    ...(v2.spec && { spec: { ...spec, ...(cpu && { targetCPUUtilizationPercentage: cpu.resource?.target.averageUtilization }) } }),
    ...(v2.status && {
      status: {
        ...status,
        currentReplicas: status.currentReplicas ?? 0,
        ...(currentCpu !== undefined && { currentCPUUtilizationPercentage: currentCpu }),
      },
    }),
  } as HorizontalPodAutoscaler;
}

export function toV2(v1: HorizontalPodAutoscaler): V2HorizontalPodAutoscaler {
  const annotations = v1.metadata?.annotations ?? {};
  const { targetCPUUtilizationPercentage, ...spec } = v1.spec ?? ({} as NonNullable<typeof v1.spec>);
  const { currentCPUUtilizationPercentage, currentReplicas, ...status } = v1.status ?? ({} as NonNullable<typeof v1.status>);
  const metrics = [...cpuMetric(targetCPUUtilizationPercentage), ...listOf(annotations[METRICS]).map(specFromV1)];
  const behavior = parse(annotations[BEHAVIOR]);
  const measured = listOf(annotations[CURRENT_METRICS]).map(statusFromV1);
  const currentMetrics = measured.length > 0 ? measured : cpuStatus(currentCPUUtilizationPercentage);
  const conditions = parse(annotations[CONDITIONS]);
  return {
    ...v1,
    apiVersion: 'autoscaling/v2',
    metadata: withoutCarried(v1.metadata ?? {}),
    ...(v1.spec && {
      spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior !== undefined && { behavior: behaviorFromV1(behavior) }) },
    }),
    ...(v1.status && {
      // v1 shows that there are none, v2 does not.
      status: {
        ...status,
        ...(currentReplicas && { currentReplicas }),
        currentMetrics: currentMetrics ?? null,
        ...(conditions !== undefined && { conditions }),
      },
    }),
  } as V2HorizontalPodAutoscaler;
}

const cpuMetric = (percent: number | undefined): V2MetricSpec[] =>
  percent === undefined
    ? []
    : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } }];

const cpuStatus = (percent: number | undefined): V2MetricStatus[] | undefined =>
  percent === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } }];

const listOf = (text: string | undefined): Json[] => {
  const value = parse(text);
  return Array.isArray(value) ? value.filter((each): each is Json => typeof each === 'object' && each !== null) : [];
};

function withAnnotations(metadata: ObjectMeta | undefined, annotations: Record<string, string>): ObjectMeta {
  const { annotations: _, ...rest } = metadata ?? {};
  return Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest;
}

/** A hand-written annotation may be anything; what does not parse is no metric. */
function parse<T = unknown>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
