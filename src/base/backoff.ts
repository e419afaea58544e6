/** Exponential delays, in milliseconds, capped; `reset` after success or a quiet time is the caller's business. */
export interface Backoff {
  /** The delay before the next try. */
  next(): number;
  reset(): void;
}

export function backoff({ firstMs, maxMs, factor = 2 }: { firstMs: number; maxMs: number; factor?: number }): Backoff {
  let delay = firstMs;
  return {
    next() {
      const now = delay;
      delay = Math.min(delay * factor, maxMs);
      return now;
    },
    reset() {
      delay = firstMs;
    },
  };
}
