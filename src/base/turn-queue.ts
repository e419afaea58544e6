import type { Clock } from './clock.ts';

export interface TurnQueueOptions {
  /** Pieces of work that may start in a turn of this length, and in any turn. */
  readonly perTurn: number;
  readonly turnMs: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** However long a turn was. */
const MOST_TURNS = 32;

/**
 * Lets few pieces of work start in one turn of the event loop; the others wait, in their order, until the loop has looked
 * at its sockets and timers again. So a burst of expensive work does not keep cheap work, which arrives meanwhile, waiting for all of it.
 * After a turn that other work made long as many start as would have in turns of the usual length: they are not to starve beside it.
 */
export class TurnQueue {
  readonly #options: TurnQueueOptions;
  readonly #waiting: (() => void)[] = [];
  #started = 0;
  #armed = false;
  #armedAtMs = 0;

  constructor(options: TurnQueueOptions) {
    this.#options = options;
  }

  /** undefined: start now. */
  take(): Promise<void> | undefined {
    this.#arm();
    if (this.#started < this.#options.perTurn && this.#waiting.length === 0) {
      this.#started += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#armedAtMs = this.#options.clock.monotonic();
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#armed = false;
    const { perTurn, turnMs, clock } = this.#options;
    const turns = Math.floor((clock.monotonic() - this.#armedAtMs) / turnMs);
    const released = this.#waiting.splice(0, perTurn * Math.min(Math.max(turns, 1), MOST_TURNS));
    this.#started = released.length;
    if (released.length > 0) this.#arm();
    for (const start of released) start();
  }
}
