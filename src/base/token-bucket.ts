import type { Clock } from './clock.ts';

export interface TokenBucketOptions {
  /** Tokens that come back each second. */
  readonly perSecond: number;
  /** Tokens that there are at first, and at most. */
  readonly burst: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

export interface TokenBucket {
  /** Takes a token, which may be one that is still to come, and answers how long to wait for it, in milliseconds. */
  take(): number;
  /** Takes a token if there is one. */
  tryTake(): boolean;
}

export function tokenBucket({ perSecond, burst, clock }: TokenBucketOptions): TokenBucket {
  let tokens = burst;
  let countedMs = clock.monotonic();
  const count = () => {
    const nowMs = clock.monotonic();
    tokens = Math.min(burst, tokens + ((nowMs - countedMs) / 1000) * perSecond);
    countedMs = nowMs;
  };
  return {
    take() {
      count();
      tokens -= 1;
      return tokens < 0 ? (-tokens / perSecond) * 1000 : 0;
    },
    tryTake() {
      count();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
