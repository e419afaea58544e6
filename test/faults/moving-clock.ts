import type { Clock } from '../../src/base/clock.ts';
import { type FakeClock, fakeClock } from '../../src/base/fake-clock.ts';

/** A fake clock whose wall time can be set, forwards or backwards, while its timers and its monotonic time go on as before. */
export interface MovingClock extends Clock {
  advance(ms: number): Promise<void>;
  /** Sets the wall clock by so much. */
  jump(ms: number): void;
  /** By how much it was set back, all in all. */
  readonly setBackMs: number;
}

export function movingClock(): MovingClock {
  const clock: FakeClock = fakeClock();
  let offsetMs = 0;
  let setBackMs = 0;
  return {
    now: () => clock.now() + offsetMs,
    monotonic: clock.monotonic,
    timer: clock.timer,
    sleep: clock.sleep,
    advance: clock.advance,
    jump(ms) {
      offsetMs += ms;
      setBackMs += Math.max(-ms, 0);
    },
    get setBackMs() {
      return setBackMs;
    },
  };
}
