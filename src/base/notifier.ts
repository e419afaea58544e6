/** Wakes one loop from many places. A call that comes while the loop is busy is kept: its next `wait` resolves at once. */
export interface Notifier {
  notify(): void;
  /** Resolves at the next `notify`, or when the signal aborts. One waiter at a time. */
  wait(options: { signal: AbortSignal }): Promise<void>;
}

export function createNotifier(): Notifier {
  let kept = false;
  let wake: (() => void) | undefined;
  return {
    notify() {
      if (wake) wake();
      else kept = true;
    },
    wait({ signal }) {
      if (kept || signal.aborted) {
        kept = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        wake = () => {
          wake = undefined;
          signal.removeEventListener('abort', done);
          resolve();
        };
        const done = () => wake?.();
        signal.addEventListener('abort', done);
      });
    },
  };
}
