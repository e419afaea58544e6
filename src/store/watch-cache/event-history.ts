import type { Clock } from '../../base/clock.ts';
import { RingBuffer } from '../../base/ring-buffer.ts';
import { StoreError } from '../store.ts';
import type { CollectionEvent } from './collection.ts';
import type { Item } from './item.ts';

export interface HistoryLimits {
  /** Most events kept. */
  readonly events: number;
  /** Most bytes of object states kept, counted once per event. */
  readonly bytes: number;
  /** Events older than this are forgotten when a new one comes. */
  readonly ageMs: number;
}

interface Remembered<T extends object> {
  readonly at: number;
  readonly event: ItemEvent<T>;
}

/** An event of the cache's own items. */
export interface ItemEvent<T extends object> extends CollectionEvent<T> {
  readonly item: Item<T>;
  readonly previous: Item<T> | undefined;
}

/** The recent events of one collection: what a watch resumes from and what an older snapshot is rebuilt from. */
export class EventHistory<T extends object> {
  readonly #clock: Clock;
  readonly #limits: HistoryLimits;
  readonly #ring = new RingBuffer<Remembered<T>>();
  #bytes = 0;
  /** Everything after this revision is in the ring. */
  #floor: number;

  constructor({ clock, limits, floor }: { clock: Clock; limits: HistoryLimits; floor: number }) {
    this.#clock = clock;
    this.#limits = limits;
    this.#floor = floor;
  }

  push(event: ItemEvent<T>): void {
    const at = this.#clock.monotonic();
    this.#ring.push({ at, event });
    this.#bytes += sizeOf(event);
    for (let oldest = this.#ring.at(0); oldest && this.#isTooMuch(oldest.at, at); oldest = this.#ring.at(0)) {
      this.#ring.shift();
      this.#bytes -= sizeOf(oldest.event);
      this.#floor = oldest.event.revision;
      forget(oldest.event);
    }
  }

  /** Events after the revision, oldest first. Throws StoreError Expired when some of them are forgotten. */
  since(revision: number): CollectionEvent<T>[] {
    this.#assertReaches(revision);
    const events: CollectionEvent<T>[] = [];
    for (let i = this.#positionAfter(revision); i < this.#ring.length; i += 1) events.push((this.#ring.at(i) as Remembered<T>).event);
    return events;
  }

  /**
   * What to change in the current state to have the state at the revision: key -> the item then, undefined when it did not
   * exist. Throws StoreError Expired.
   */
  undo(revision: number): Map<string, Item<T> | undefined> {
    this.#assertReaches(revision);
    const then = new Map<string, Item<T> | undefined>();
    for (let i = this.#ring.length - 1, stop = this.#positionAfter(revision); i >= stop; i -= 1) {
      const { event } = this.#ring.at(i) as Remembered<T>;
      then.set(event.item.key, event.previous);
    }
    return then;
  }

  /** Forgets everything: the history begins anew at the revision. */
  restart(revision: number): void {
    for (let i = 0; i < this.#ring.length; i += 1) forget((this.#ring.at(i) as Remembered<T>).event);
    this.#ring.clear();
    this.#bytes = 0;
    this.#floor = revision;
  }

  #isTooMuch(oldestAt: number, now: number): boolean {
    const { events, bytes, ageMs } = this.#limits;
    return this.#ring.length > events || (this.#bytes > bytes && this.#ring.length > 1) || now - oldestAt > ageMs;
  }

  #assertReaches(revision: number): void {
    if (revision >= this.#floor) return;
    throw new StoreError('Expired', `too old resource version: ${revision} (${this.#floor})`);
  }

  #positionAfter(revision: number): number {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ring.at(middle) as Remembered<T>).event.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const sizeOf = ({ item }: ItemEvent<object>): number => item.length;

/** With the event goes the state that it replaced, and what watchers saw of an object that is deleted. */
function forget({ type, item, previous }: ItemEvent<object>): void {
  previous?.release();
  if (type === 'DELETED') item.release();
}
