import type { Clock } from '../../base/clock.ts';
import { FairQueues, type Queue } from './fair-queues.ts';
import type { LevelLimits } from './limits-plan.ts';

/** All seats of the server: those that levels keep for themselves count as taken, the others go to whoever asks first. */
export interface SeatPool {
  readonly total: number;
  taken: number;
}

/** Something that waits for a seat. Exactly one of the two is called. */
export interface Waiter {
  readonly flow: string;
  start(queue: Queue<Waiter>): void;
  /** The queues were made anew, and there is no place in them. */
  refuse(): void;
}

/** The seats and queues of one priority level. */
export class PriorityLevel {
  limits: LevelLimits;
  executing = 0;
  #pool: SeatPool;
  readonly #clock: Clock;
  #queues: FairQueues<Waiter> | undefined;

  constructor(limits: LevelLimits, pool: SeatPool, clock: Clock) {
    this.limits = limits;
    this.#pool = pool;
    this.#clock = clock;
    this.#queues = this.#newQueues();
  }

  get waiting(): number {
    return this.#queues?.waiting ?? 0;
  }

  /** Seats that count in the pool, used or kept. */
  get held(): number {
    return this.limits.exempt ? 0 : Math.max(this.executing, this.limits.lower);
  }

  hasSeat(): boolean {
    const { lower, upper } = this.limits;
    return this.executing < upper && (this.executing < lower || this.#pool.taken < this.#pool.total);
  }

  take(): void {
    if (this.executing >= this.limits.lower) this.#pool.taken += 1;
    this.executing += 1;
  }

  /** `queue` and `tookMs`: of a request that had to wait. */
  giveBack(queue: Queue<Waiter> | undefined, tookMs: number): void {
    this.executing -= 1;
    if (this.executing >= this.limits.lower) this.#pool.taken -= 1;
    if (queue) this.#queues?.finished(queue, tookMs);
  }

  /** undefined: there is no queue, or it is full. */
  enqueue(waiter: Waiter): Queue<Waiter> | undefined {
    return this.#queues?.enqueue(waiter.flow, waiter, this.#now());
  }

  remove(queue: Queue<Waiter>, waiter: Waiter): boolean {
    return this.#queues?.remove(queue, waiter) ?? false;
  }

  /** Lets those start that wait, as long as there are seats. */
  dispatch(): void {
    while (this.waiting > 0 && this.hasSeat()) this.#startNext();
  }

  /** With other limits; what waits is dealt anew when the queues are others. The pool is the caller's to count anew. */
  reconfigure(limits: LevelLimits): void {
    const same = JSON.stringify(limits.queuing) === JSON.stringify(this.limits.queuing);
    this.limits = limits;
    if (same) return;
    const waiting = this.#queues?.drain() ?? [];
    this.#queues = this.#newQueues();
    for (const waiter of waiting) if (!this.enqueue(waiter)) waiter.refuse();
  }

  /** Nothing starts in it any more; what is under way ends without giving seats to others. */
  retire(): void {
    this.#pool = { total: 0, taken: 0 };
    this.reconfigure({ ...this.limits, queuing: undefined, lower: 0, upper: 0 });
  }

  #startNext(): void {
    const next = this.#queues?.dequeue(this.#now());
    if (!next) return;
    this.take();
    next.item.start(next.queue);
  }

  #now() {
    return { nowMs: this.#clock.monotonic(), seats: Math.max(this.limits.nominal, 1) };
  }

  #newQueues(): FairQueues<Waiter> | undefined {
    return this.limits.queuing && new FairQueues<Waiter>(this.limits.queuing, this.#clock.monotonic());
  }
}
