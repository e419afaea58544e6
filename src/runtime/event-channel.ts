/** A queue between a producer that must not wait and one consumer that iterates. Bounded: see `push`. */
export interface EventChannel<T> extends AsyncIterable<T> {
  /** False when the channel has ended, or when the consumer is `capacity` behind: the channel then fails with `overflow`. */
  push(item: T): boolean;
  /** The consumer sees what is queued, then the error. */
  fail(error: unknown): void;
  /** The consumer sees what is queued, then the end. */
  end(): void;
}

export function eventChannel<T>({ capacity, overflow }: { capacity: number; overflow: () => unknown }): EventChannel<T> {
  let queue: T[] = [];
  let ended: { error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  const notify = () => {
    wake?.();
    wake = undefined;
  };
  const finish = (end: { error?: unknown }) => {
    ended ??= end;
    notify();
  };

  return {
    push(item) {
      if (ended) return false;
      if (queue.length >= capacity) {
        finish({ error: overflow() });
        return false;
      }
      queue.push(item);
      notify();
      return true;
    },
    fail: (error) => finish({ error }),
    end: () => finish({}),
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const batch = queue;
          queue = [];
          yield* batch;
          if (queue.length > 0) continue;
          if (ended) {
            if ('error' in ended) throw ended.error;
            return;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        finish({});
      }
    },
  };
}
