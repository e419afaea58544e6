import type { Clock } from '../../base/clock.ts';
import { FairQueues, type Queue } from './fair-queues.ts';
import type { LevelLimits } from './limits-plan.ts';
import { mostSeats } from './width-plan.ts';

/** Nothing depends on it but what is shown (upstream's limit of one request). */
const MOST_OF_EXEMPT = 10;

/** All seats of the server: those that levels keep for themselves count as taken, the others go to whoever asks first. */
export interface SeatPool {
  readonly total: number;
  taken: number;
}

/** Something that waits for a seat. Exactly one of the two is called. */
export interface Waiter {
  readonly flow: string;
  /** Seats that it needs. */
  readonly width: number;
  start(queue: Queue<Waiter>): void;
  /** The queues were made anew, and there is no place in them. */
  refuse(): void;
}

/** The seats and queues of one priority level. */
export class PriorityLevel {
  limits: LevelLimits;
  /** Seats that are in use, and requests that use them. */
  executing = 0;
  requests = 0;
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

  /** The most that one request of it may take. */
  get mostSeats(): number {
    return this.limits.exempt ? MOST_OF_EXEMPT : mostSeats(this.limits);
  }

  /** The queues as they are, for those who look; none where nothing may wait. */
  get queues(): readonly Queue<Waiter>[] {
    return this.#queues?.all ?? [];
  }

  /** Where nothing is under way, what is wider than the level may start all the same. */
  hasSeats(width: number): boolean {
    const { lower, upper } = this.limits;
    const after = this.executing + width;
    if (this.executing === 0 && upper > 0 && (lower > 0 || this.#pool.taken < this.#pool.total)) return true;
    const borrowed = after - Math.max(this.executing, lower);
    return after <= upper && (after <= lower || this.#pool.taken + borrowed <= this.#pool.total);
  }

  take(width: number): void {
    this.requests += 1;
    this.#use(width);
  }

  /** It is over, but so many of its seats (fewer or more than it had) stay in use for a while: `rest` ends that. */
  linger(from: number, seats: number): void {
    this.requests -= 1;
    this.#use(seats - from);
  }

  rest(seats: number): void {
    this.#use(-seats);
  }

  /** `queue` and `tookMs`: of a request that had to wait. */
  finished(queue: Queue<Waiter>, waiter: Waiter, tookMs: number): void {
    this.#queues?.finished(queue, waiter, tookMs);
  }

  giveBack(width: number): void {
    this.requests -= 1;
    this.#use(-width);
  }

  /** Who is exempt is counted, and holds up nobody. */
  #use(seats: number): void {
    const { lower, exempt } = this.limits;
    if (exempt) {
      this.executing += seats;
      return;
    }
    const before = Math.max(this.executing, lower);
    this.executing += seats;
    this.#pool.taken += Math.max(this.executing, lower) - before;
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
    while (this.waiting > 0 && this.#startNext());
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

  #startNext(): boolean {
    const next = this.#queues?.dequeue(this.#now(), ({ width }) => this.hasSeats(width));
    if (!next) return false;
    this.take(next.item.width);
    next.item.start(next.queue);
    return true;
  }

  #now() {
    return { nowMs: this.#clock.monotonic(), seats: Math.max(this.limits.nominal, 1) };
  }

  #newQueues(): FairQueues<Waiter> | undefined {
    return this.limits.queuing && new FairQueues<Waiter>(this.limits.queuing, this.#clock.monotonic());
  }
}
