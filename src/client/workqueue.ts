import type { Clock } from '../base/clock.ts';

/** Upstream's default rate limiter for items (client-go, workqueue): 5 ms, doubling, at most 1000 s. */
const FIRST_RETRY_MS = 5;
const LONGEST_RETRY_MS = 1_000_000;

/** For metrics. */
export interface QueueObserver {
  added(): void;
  /** How long the key waited for a worker. */
  started(waitedSeconds: number): void;
}

/** A worker that waits. */
interface Taker {
  readonly signal: AbortSignal;
  resolve(key: string): void;
  reject(reason: unknown): void;
}

/**
 * Keys to work on. A key that is added while it waits is there once; one that is added while it is worked on comes again after
 * `done`. So no two workers ever hold the same key.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #observer: QueueObserver | undefined;
  /** Since when. */
  readonly #waiting = new Map<string, number>();
  /** Since when. */
  readonly #working = new Map<string, number>();
  /** Added while worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly atMs: number; readonly timer: Disposable }>();
  readonly #resting = new Set<Disposable>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<Taker>();
  readonly #heard = new WeakSet<AbortSignal>();

  constructor(clock: Clock, observer?: QueueObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  /** How long the keys that are worked on have been. */
  workingSeconds(): number[] {
    const nowMs = this.#clock.monotonic();
    return [...this.#working.values()].map((sinceMs) => (nowMs - sinceMs) / 1000);
  }

  add(key: string): void {
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#observer?.added();
    const taker = this.#takers.values().next().value;
    if (!taker) {
      this.#waiting.set(key, this.#clock.monotonic());
      return;
    }
    this.#takers.delete(taker);
    this.#working.set(key, this.#clock.monotonic());
    this.#observer?.started(0);
    taker.resolve(key);
  }

  /** Adds the key after `ms`; of several delays the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const atMs = this.#clock.monotonic() + ms;
    const pending = this.#delayed.get(key);
    if (pending && pending.atMs <= atMs) return;
    pending?.timer[Symbol.dispose]();
    const timer = this.#clock.timer(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { atMs, timer });
  }

  /** Adds the key after its own back-off, which grows until `forget`. Returns the delay in milliseconds. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const ms = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 40), LONGEST_RETRY_MS);
    this.addAfter(key, ms);
    return ms;
  }

  /** The key did well: its next failure starts with the shortest delay. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, held by the caller until `done`. Rejects with the signal's reason. */
  next({ signal }: { signal: AbortSignal }): Promise<string> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const [next] = this.#waiting;
    if (next !== undefined) {
      const [first, sinceMs] = next;
      this.#waiting.delete(first);
      const nowMs = this.#clock.monotonic();
      this.#working.set(first, nowMs);
      this.#observer?.started((nowMs - sinceMs) / 1000);
      return Promise.resolve(first);
    }
    this.#hear(signal);
    return new Promise((resolve, reject) => void this.#takers.add({ resolve, reject, signal }));
  }

  /** One listener a signal: it is one for all workers of all queues, and walks through all its listeners whenever one comes or goes. */
  #hear(signal: AbortSignal): void {
    if (this.#heard.has(signal)) return;
    this.#heard.add(signal);
    const onAbort = () => {
      for (const taker of this.#takers) {
        if (taker.signal !== signal) continue;
        this.#takers.delete(taker);
        taker.reject(signal.reason);
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
  }

  /** `restMs`: it does not come again before that, however often it is added meanwhile. */
  done(key: string, restMs = 0): void {
    if (restMs > 0) {
      const timer = this.#clock.timer(restMs, () => {
        this.#resting.delete(timer);
        this.done(key);
      });
      this.#resting.add(timer);
      return;
    }
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Cancels all delays. */
  close(): void {
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]();
    for (const timer of this.#resting) timer[Symbol.dispose]();
    this.#delayed.clear();
    this.#resting.clear();
  }
}
