import type { Clock } from '../../base/clock.ts';

const FIRST_MS = 10_000;
const MAX_MS = 300_000;

interface Failure {
  delayMs: number;
  atMs: number;
  message: string;
}

/** Failed pulls by pod and image: 10 s, 20 s, … 300 s between tries; forgotten when twice the longest delay passed without another. */
export class PullBackoff {
  readonly #failures = new Map<string, Failure>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Time that is left to wait, with the last failure; undefined when a pull may be tried. */
  waiting(key: string): { leftMs: number; message: string } | undefined {
    const failure = this.#failures.get(key);
    if (!failure) return undefined;
    const leftMs = failure.atMs + failure.delayMs - this.#clock.monotonic();
    return leftMs > 0 ? { leftMs, message: failure.message } : undefined;
  }

  failed(key: string, message: string): void {
    const atMs = this.#clock.monotonic();
    for (const [other, { atMs: then }] of this.#failures) if (atMs - then > 2 * MAX_MS) this.#failures.delete(other);
    const last = this.#failures.get(key);
    const delayMs = last ? Math.min(last.delayMs * 2, MAX_MS) : FIRST_MS;
    this.#failures.set(key, { delayMs, atMs, message });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}
