import type { Metric, Registry } from 'prom-client';

/** What was observed of one thing, counted here and made into prom-client's form when somebody asks: its own histograms cost as much as a small request. */
export class Distribution {
  readonly bounds: readonly number[];
  /** The last one: beyond every bound. */
  readonly buckets: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.buckets = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds, buckets } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    buckets[at] = (buckets[at] ?? 0) + 1;
    this.sum += value;
  }
}

export interface Value {
  readonly metricName?: string;
  readonly labels: object;
  readonly value: number;
}

/** A metric whose values are made when somebody asks. */
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

/** 1, 2, 4 … times `first`. */
export const doubling = (first: number, count: number, factor = 2): number[] =>
  Array.from({ length: count }, (_, i) => first * factor ** i);
