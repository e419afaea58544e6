/**
 * Something that runs until told to stop: a server, a controller, a supervisor. Its owner awaits `run`; it settles only
 * when everything that it started has ended. `ready` is called once, when the component can be relied on.
 */
export interface Component {
  readonly name: string;
  run(options: { signal: AbortSignal; ready: () => void }): Promise<void>;
}

/**
 * Runs components side by side. The first failure aborts the others; the promise settles when all have ended and
 * rejects with that first failure. `ready` is called when every component has called its own.
 */
export async function runAll(
  components: readonly Component[],
  { signal, ready }: { signal: AbortSignal; ready: () => void },
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let waiting = components.length;
  if (waiting === 0) ready();
  const runs = components.map(async (component) => {
    let isReady = false;
    try {
      await component.run({
        signal: either,
        ready: () => {
          if (isReady) return;
          isReady = true;
          waiting -= 1;
          if (waiting === 0) ready();
        },
      });
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  const results = await Promise.allSettled(runs);
  const own = stop.signal.aborted ? stop.signal.reason : undefined;
  if (own !== undefined) throw own;
  const failed = results.find((r) => r.status === 'rejected');
  if (failed && !signal.aborted) throw failed.reason;
}
