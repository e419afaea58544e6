import { aborted } from './abort.ts';
import type { Component } from './component.ts';

interface Running {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * Starts components one after the other, each when the one before is ready, and stops them in the opposite order, each when the one after has ended. A
 * failure of any stops all and is what the promise rejects with. A component that ends by itself has done its work (bootstrap).
 */
export async function runInOrder(
  components: readonly Component[],
  { signal, ready }: { signal: AbortSignal; ready: () => void },
): Promise<void> {
  const running: Running[] = [];
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const stopping = aborted(signal);
  try {
    for (const component of components) {
      if (signal.aborted) break;
      const stop = new AbortController();
      const up = Promise.withResolvers<void>();
      const done = component.run({ signal: stop.signal, ready: () => up.resolve() });
      done.then(() => up.resolve(), failed.reject);
      running.push({ stop, done });
      await Promise.race([up.promise, failed.promise, stopping]);
    }
    if (!signal.aborted) ready();
    await Promise.race([stopping, failed.promise]);
  } finally {
    for (const { stop, done } of running.reverse()) {
      stop.abort();
      await done.catch(() => {});
    }
  }
}
