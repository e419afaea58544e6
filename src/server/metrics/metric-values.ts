import type { Metric, Registry } from 'prom-client';
import type { Distribution } from '../../base/distribution.ts';

export interface Value {
  readonly metricName?: string;
  readonly labels: object;
  readonly value: number;
}

/** A metric whose values are made when somebody asks: prom-client's own counters and histograms cost as much as a small request. */
export function registerValues(
  registry: Registry,
  { name, help, type }: { name: string; help: string; type: 'counter' | 'gauge' | 'histogram' },
  values: () => Value[],
): void {
  registry.registerMetric({
    name,
    get: async () => ({ name, help, type, aggregator: 'sum', values: values() }),
    reset() {},
  } as unknown as Metric);
}

export function histogramValues(name: string, labels: object, { bounds, buckets, sum }: Distribution): Value[] {
  let count = 0;
  const cumulative = buckets.map((inBucket, i) => {
    count += inBucket;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[i] ?? '+Inf' }, value: count };
  });
  return [...cumulative, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: count }];
}
