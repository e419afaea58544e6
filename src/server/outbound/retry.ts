import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';

export interface RetryOptions {
  /** Before the second try; each further pause is half as long again. */
  readonly firstPauseMs: number;
  readonly mayRetry: (error: unknown) => boolean;
  /** Pauses are made longer by up to a fifth. Absent: they are not. */
  readonly random?: Random;
  readonly clock: Clock;
  /** Ends the pause; the error of the last try is what there is then. */
  readonly signal: AbortSignal;
}

const PAUSE_GROWTH = 1.5;
const JITTER = 0.2;
const TRIES = 5;

/** Calls a webhook again, as upstream does, when it failed (apiserver, util/webhook). Rejects with the error of the last try. */
export async function retried<T>(call: () => Promise<T>, { firstPauseMs, mayRetry, random, clock, signal }: RetryOptions): Promise<T> {
  let pauseMs = firstPauseMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === TRIES || signal.aborted || !mayRetry(error)) throw error;
    }
    await clock.sleep(pauseMs * (1 + JITTER * (random?.() ?? 0)), { signal }).catch(() => {});
    pauseMs *= PAUSE_GROWTH;
  }
}
