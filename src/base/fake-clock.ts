import { type Clock, sleepOn } from './clock.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that moves when told to. `advance` fires due timers in order and lets promises settle in between. */
export interface FakeClock extends Clock {
  advance(ms: number): Promise<void>;
  /** How many timers wait. */
  readonly pending: number;
}

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  let order = 0;
  const timers = new Set<Pending>();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const nextDue = (until: number) => [...timers].filter((t) => t.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];

  const clock: FakeClock = {
    now: () => Math.floor(now),
    monotonic: () => now - startMs,
    timer(ms, fn) {
      const pending: Pending = { at: now + Math.max(ms, 0), order: order++, fn };
      timers.add(pending);
      return { [Symbol.dispose]: () => void timers.delete(pending) };
    },
    sleep: (ms, { signal }) => sleepOn(clock, ms, signal),
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let due = nextDue(until); due; due = nextDue(until)) {
        timers.delete(due);
        now = Math.max(now, due.at);
        due.fn();
        await settle();
      }
      now = until;
      await settle();
    },
    get pending() {
      return timers.size;
    },
  };
  return clock;
}
