import type { Clock } from './clock.ts';

/**
 * Work that nobody waits for and that comes often and alone is done together: what comes within `windowMs` of the last time waits until the window is over. A core that sleeps between two
 * pieces of work does each with empty caches. What comes after a longer pause is done at once.
 */
export class Gathering {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #waiting: (() => void)[] = [];
  #openAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** undefined: start now. */
  take(): Promise<void> | undefined {
    const nowMs = this.#clock.monotonic();
    if (nowMs >= this.#openAtMs && this.#waiting.length === 0) {
      this.#openAtMs = nowMs + this.#windowMs;
      return undefined;
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#clock.timer(this.#openAtMs - nowMs, () => this.#release());
    });
  }

  #release(): void {
    this.#openAtMs = this.#clock.monotonic() + this.#windowMs;
    for (const start of this.#waiting.splice(0)) start();
  }
}
