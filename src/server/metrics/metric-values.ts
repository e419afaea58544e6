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

/** What is counted, one for each set of labels; found by a key that tells those apart. */
export class Family<T> {
  readonly #make: () => T;
  readonly #members = new Map<string, { readonly labels: object; readonly value: T }>();

  constructor(make: () => T) {
    this.#make = make;
  }

  find(key: string): T | undefined {
    return this.#members.get(key)?.value;
  }

  /** Whoever asks for every request asks `find` first: that makes nothing. */
  of(key: string, labels: () => object): T {
    const known = this.find(key);
    if (known) return known;
    const value = this.#make();
    this.#members.set(key, { labels: labels(), value });
    return value;
  }

  get all(): Iterable<{ readonly labels: object; readonly value: T }> {
    return this.#members.values();
  }
}

export const histogramsOf = (name: string, members: Family<Distribution>): Value[] =>
  [...members.all].flatMap(({ labels, value }) => histogramValues(name, labels, value));

/** How many were observed of each. */
export const countsOf = (members: Family<Distribution>): Value[] =>
  [...members.all].map(({ labels, value }) => ({ labels, value: value.count }));
