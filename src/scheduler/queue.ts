import { objectKey } from '../api/meta/object.ts';
import type { Pod } from '../api/schema/generated/types.ts';
import type { Clock } from '../base/clock.ts';

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10_000;
/** Unschedulable pods are looked at again even when nothing happened (upstream: podMaxInUnschedulablePodsDuration). */
const MAX_UNSCHEDULABLE_MS = 5 * 60_000;

interface Waiting {
  pod: Pod;
  readonly attempts: number;
  /** Order among equals: when the pod first came in. */
  readonly order: number;
  /** Due at this time (monotonic) even when nothing happens. */
  dueAt: number;
  /** The earliest time at which an event may make it due: its back-off. */
  readonly backoffUntil: number;
}

const priorityOf = (waiting: Waiting) => waiting.pod.spec?.priority ?? 0;

/**
 * Pods that wait for a node: highest priority first, then oldest. A pod that found no node waits for an event that may help, and then no shorter
 * than its back-off (1 s doubling to 10 s, as upstream's).
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  readonly #taken = new Map<string, Waiting>();
  #order = 0;
  /** Due pods, the next one last. Rebuilt when stale. */
  #due: Waiting[] = [];
  #stale = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A new pod, or a newer state of one that waits. A changed spec may make it schedulable: it is due at once. */
  offer(pod: Pod): void {
    const key = objectKey(pod);
    const known = this.#waiting.get(key);
    if (known) {
      const changed = JSON.stringify(known.pod.spec) !== JSON.stringify(pod.spec);
      known.pod = pod;
      if (changed) known.dueAt = Math.min(known.dueAt, this.#clock.monotonic());
    } else if (!this.#taken.has(key)) {
      this.#waiting.set(key, { pod, attempts: 0, order: this.#order++, dueAt: 0, backoffUntil: 0 });
    }
    this.#stale = true;
  }

  /** The pod is gone, or somebody else gave it a node. */
  forget(key: string): void {
    this.#taken.delete(key);
    if (this.#waiting.delete(key)) this.#stale = true;
  }

  /** The next due pod, out of the queue until `failed` or `forget` is called for it; undefined when none is due. */
  take(): Pod | undefined {
    if (this.#stale || this.#due.length === 0) this.#refill();
    const next = this.#due.pop();
    if (!next) return undefined;
    const key = objectKey(next.pod);
    this.#waiting.delete(key);
    this.#taken.set(key, next);
    return next.pod;
  }

  /** The pod got no node. `retry`: by our own failure, so the back-off alone is enough; else it waits for `wake`. */
  failed(pod: Pod, { retry }: { retry: boolean }): void {
    const key = objectKey(pod);
    const before = this.#taken.get(key);
    if (!before) return;
    this.#taken.delete(key);
    const attempts = before.attempts + 1;
    const now = this.#clock.monotonic();
    const backoffUntil = now + Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS);
    this.#waiting.set(key, { pod, attempts, order: before.order, backoffUntil, dueAt: retry ? backoffUntil : now + MAX_UNSCHEDULABLE_MS });
    this.#stale = true;
  }

  /** Something changed that may make room: pods that wait for an event are due when their back-off is over. */
  wake(): void {
    for (const waiting of this.#waiting.values()) waiting.dueAt = Math.min(waiting.dueAt, waiting.backoffUntil);
    this.#stale = true;
  }

  /** Milliseconds until a pod is due; undefined when none waits. */
  nextDueMs(): number | undefined {
    let earliest = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) earliest = Math.min(earliest, waiting.dueAt);
    return Number.isFinite(earliest) ? Math.max(0, earliest - this.#clock.monotonic()) : undefined;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#due = [...this.#waiting.values()]
      .filter((w) => w.dueAt <= now)
      .sort((a, b) => priorityOf(a) - priorityOf(b) || b.order - a.order);
    this.#stale = false;
  }
}
