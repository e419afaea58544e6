import { isAbort } from '../base/abort.ts';
import type { Logger } from '../base/logger.ts';

type Work = (options: { signal: AbortSignal }) => Promise<void>;

/** What goes on beside the cycles. It has an owner that waits for its end. */
export class BackgroundWork {
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal = AbortSignal.abort();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** From now on work is done, until the signal aborts. */
  open(signal: AbortSignal): void {
    this.#signal = signal;
  }

  start(work: Work): void {
    const signal = this.#signal;
    if (signal.aborted) return;
    const run = work({ signal })
      .catch((error: unknown) => {
        if (!isAbort(error, signal)) this.#log.error({ error }, 'background work of the scheduler failed');
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async whenDone(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
