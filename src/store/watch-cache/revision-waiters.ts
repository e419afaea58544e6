import type { Clock } from '../../base/clock.ts';
import { StoreError } from '../store.ts';

/** The newest revision, and those who wait for one to come. */
export class RevisionWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<{ readonly revision: number; readonly done: () => void }>();
  #revision = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get revision(): number {
    return this.#revision;
  }

  advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const waiter of this.#waiting) if (waiter.revision <= revision) waiter.done();
  }

  waitFor(revision: number, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<void> {
    return new Promise((resolve, reject) => {
      if (revision <= this.#revision) return resolve();
      if (signal.aborted) return reject(signal.reason);
      const settle = (finish: () => void) => {
        this.#waiting.delete(waiter);
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', onAbort);
        finish();
      };
      const onAbort = () => settle(() => reject(signal.reason));
      const waiter = { revision, done: () => settle(resolve) };
      const timer = this.#clock.timer(timeoutMs, () =>
        settle(() => reject(new StoreError('Unavailable', `Too large resource version: ${revision}, current: ${this.#revision}`))),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }
}
