/** Time is passed in, so that tests own it. Milliseconds throughout. */
export interface Clock {
  /** Wall time, milliseconds since the epoch. */
  now(): number;
  /** Milliseconds on a clock that never runs backwards. For durations. */
  monotonic(): number;
  /** Calls `fn` once after `ms`. Disposing the timer cancels it. The timer alone does not keep the process alive. */
  timer(ms: number, fn: () => void): Disposable;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, options: { signal: AbortSignal }): Promise<void>;
}

let lastSecond = Number.NaN;
let lastText = '';

/** Kubernetes' metav1.Time: RFC 3339 in whole seconds, UTC. Every write asks, so the text of the current second is kept. */
export function rfc3339(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** Kubernetes' metav1.MicroTime: RFC 3339 with six decimals, UTC. */
export const rfc3339Micro = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`;

/** `sleep` on top of any timer: shared by the system's clock and the fake one. */
export function sleepOn(clock: Pick<Clock, 'timer'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(signal.reason);
    };
    const timer = clock.timer(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** setTimeout counts in a signed 32-bit integer; longer waits fire at once if passed on. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fn) {
    const handle = setTimeout(fn, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
  sleep: (ms, { signal }) => sleepOn(systemClock, ms, signal),
};
