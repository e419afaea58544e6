import { createHash } from 'node:crypto';
import type { Queuing } from './limits-plan.ts';

/** What a request is taken to cost until it is over; then its queue is charged what it did cost. */
const ESTIMATE_MS = 60_000;

/** How many seats something takes. */
interface Wide {
  readonly width: number;
}

export interface Queue<T> {
  readonly index: number;
  readonly waiting: T[];
  /** Requests, and the seats that they take. */
  executing: number;
  seats: number;
  /** In virtual time: when its next request would start if every active queue got the same part of the level. */
  virtualStart: number;
}

/**
 * The queues of one priority level (KEP-1040): a flow gets a hand of queues by shuffle sharding and uses the shortest, so that a flow
 * that floods its queues shares at most some of them with any other; the next to start comes from the queue that was served least.
 */
export class FairQueues<T extends Wide> {
  readonly #queuing: Queuing;
  readonly #queues: Queue<T>[];
  #virtualTime = 0;
  #lastMs: number;
  #next = 0;
  waiting = 0;

  constructor(queuing: Queuing, nowMs: number) {
    this.#queuing = queuing;
    this.#queues = Array.from({ length: Math.max(queuing.queues, 1) }, (_, index) => ({
      index,
      waiting: [],
      executing: 0,
      seats: 0,
      virtualStart: 0,
    }));
    this.#lastMs = nowMs;
  }

  /** undefined: the queue of the flow is full. */
  enqueue(flow: string, item: T, { nowMs, seats }: { nowMs: number; seats: number }): Queue<T> | undefined {
    const hand = this.#handOf(flow);
    const queue = hand.reduce((best, other) => (loadOf(other) < loadOf(best) ? other : best));
    if (queue.waiting.length >= this.#queuing.queueLengthLimit) return undefined;
    this.#advance(nowMs, seats);
    if (queue.waiting.length === 0 && queue.executing === 0) queue.virtualStart = this.#virtualTime;
    queue.waiting.push(item);
    this.waiting += 1;
    return queue;
  }

  /** For those who look: nobody changes them. */
  get all(): readonly Queue<T>[] {
    return this.#queues;
  }

  /** Takes the next one out, which starts now; none when the next one does not fit: others do not overtake it. */
  dequeue(
    { nowMs, seats }: { nowMs: number; seats: number },
    fits: (item: T) => boolean = () => true,
  ): { item: T; queue: Queue<T> } | undefined {
    this.#advance(nowMs, seats);
    let chosen: Queue<T> | undefined;
    let at = 0;
    for (let i = 0; i < this.#queues.length; i += 1) {
      const index = (this.#next + i) % this.#queues.length;
      const queue = this.#queues[index] as Queue<T>;
      if (queue.waiting.length === 0 || (chosen && queue.virtualStart >= chosen.virtualStart)) continue;
      chosen = queue;
      at = index;
    }
    const item = chosen?.waiting[0];
    if (!chosen || item === undefined || !fits(item)) return undefined;
    chosen.waiting.shift();
    this.#next = (at + 1) % this.#queues.length;
    chosen.virtualStart += ESTIMATE_MS * item.width;
    chosen.executing += 1;
    chosen.seats += item.width;
    this.waiting -= 1;
    return { item, queue: chosen };
  }

  finished(queue: Queue<T>, { width }: Wide, tookMs: number): void {
    queue.executing -= 1;
    queue.seats -= width;
    queue.virtualStart += (tookMs - ESTIMATE_MS) * width;
  }

  /** It does not wait any longer. False when it has started already. */
  remove(queue: Queue<T>, item: T): boolean {
    const at = queue.waiting.indexOf(item);
    if (at < 0) return false;
    queue.waiting.splice(at, 1);
    this.waiting -= 1;
    return true;
  }

  /** Everything that waits, for other queues. */
  drain(): T[] {
    this.waiting = 0;
    return this.#queues.flatMap((queue) => queue.waiting.splice(0));
  }

  #advance(nowMs: number, seats: number): void {
    const active = this.#queues.filter((queue) => queue.waiting.length > 0 || queue.executing > 0);
    const demand = active.reduce((sum, queue) => sum + queue.waiting.length + queue.seats, 0);
    if (active.length > 0) this.#virtualTime += ((nowMs - this.#lastMs) * Math.min(demand, seats)) / active.length;
    this.#lastMs = nowMs;
  }

  #handOf(flow: string): Queue<T>[] {
    let entropy = createHash('sha256').update(flow).digest().readBigUInt64LE();
    const deck = this.#queues.map((_, i) => i);
    return Array.from({ length: Math.min(Math.max(this.#queuing.handSize, 1), deck.length) }, () => {
      const [card = 0] = deck.splice(Number(entropy % BigInt(deck.length)), 1);
      entropy /= BigInt(deck.length + 1);
      return this.#queues[card] as Queue<T>;
    });
  }
}

const loadOf = ({ waiting, seats }: Queue<unknown>): number => waiting.length * 1000 + seats;
