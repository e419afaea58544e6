import type { PodMetrics as PodMetricsObject } from '../../api/schema/generated/types.ts';
import { goDurationMs } from '../../base/go-duration.ts';
import { milliValue } from '../../base/quantity.ts';
import type { PodMetric, PodMetrics } from './pod-groups-plan.ts';

/** An item of custom or external metrics, in any of their versions. */
export interface MetricValue {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp?: string;
  /** custom.metrics.k8s.io/v1beta2. */
  readonly windowSeconds?: number;
  /** custom.metrics.k8s.io/v1beta1. */
  readonly window?: number;
  readonly value: string | number;
}

/** Of metrics whose window is not told. */
const WINDOW_MS = 60_000;

const timeOf = (timestamp: string | undefined): number => Date.parse(timestamp ?? '') || 0;

/** A resource of each pod, or of one of its containers. A pod of which a container was not measured is left out. Throws when a pod has no such container. */
export function resourceMetricsOf(items: readonly PodMetricsObject[], resource: string, container: string | undefined): PodMetrics {
  const entries = items.flatMap(({ metadata, timestamp, window, containers }): [string, PodMetric][] => {
    const name = metadata?.name ?? '';
    const chosen = container === undefined ? containers : containers.filter((each) => each.name === container);
    if (container !== undefined && chosen.length === 0)
      throw new Error(
        `failed to get container metrics: container ${container} not present in metrics for pod ${metadata?.namespace}/${name}`,
      );
    const amounts = chosen.map(({ usage }) => usage[resource]);
    if (amounts.length === 0 || amounts.includes(undefined as never)) return [];
    const milli = amounts.reduce((sum, amount) => sum + milliValue(amount ?? '0'), 0);
    return [[name, { milli, atMs: timeOf(timestamp), windowMs: goDurationMs(window) ?? WINDOW_MS }]];
  });
  return new Map(entries);
}

export const podMetricsOf = (items: readonly MetricValue[]): PodMetrics =>
  new Map(
    items.map(({ describedObject, timestamp, windowSeconds, window, value }) => {
      const seconds = windowSeconds ?? window;
      const windowMs = seconds === undefined ? WINDOW_MS : seconds * 1000;
      return [describedObject?.name ?? '', { milli: milliValue(value), atMs: timeOf(timestamp), windowMs }];
    }),
  );

export const valuesOf = (items: readonly MetricValue[]): number[] => items.map(({ value }) => milliValue(value));
