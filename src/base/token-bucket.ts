import type { Clock } from './clock.ts';

export interface TokenBucketOptions {
  /** Tokens that come back each second. */
  readonly perSecond: number;
  /** Tokens that there are at first, and at most. */
  readonly burst: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Takes a token, which may be one that is still to come, and answers how long to wait for it, in milliseconds. */
export type TokenBucket = () => number;

export function tokenBucket({ perSecond, burst, clock }: TokenBucketOptions): TokenBucket {
  let tokens = burst;
  let countedMs = clock.monotonic();
  return () => {
    const nowMs = clock.monotonic();
    tokens = Math.min(burst, tokens + ((nowMs - countedMs) / 1000) * perSecond) - 1;
    countedMs = nowMs;
    return tokens < 0 ? (-tokens / perSecond) * 1000 : 0;
  };
}
