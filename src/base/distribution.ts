/** A histogram of what was observed of one thing. To observe costs a few comparisons and makes nothing; readers make of it the form that they want. */
export class Distribution {
  readonly bounds: readonly number[];
  /** The last one: beyond every bound. */
  readonly buckets: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.buckets = new Array<number>(bounds.length + 1).fill(0);
  }

  get count(): number {
    return this.buckets.reduce((sum, inBucket) => sum + inBucket, 0);
  }

  observe(value: number): void {
    const { bounds, buckets } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    buckets[at] = (buckets[at] ?? 0) + 1;
    this.sum += value;
  }
}

/** 1, 2, 4 … times `first`. */
export const doubling = (first: number, count: number, factor = 2): number[] =>
  Array.from({ length: count }, (_, i) => first * factor ** i);
