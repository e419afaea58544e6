import type { Clock } from '../../src/base/clock.ts';
import { type FakeClock, fakeClock } from '../../src/base/fake-clock.ts';

/** A fake clock whose wall time can be set, forwards or backwards, while its timers and its monotonic time go on as before. */
export interface MovingClock extends Clock {
  advance(ms: number): Promise<void>;
  /** Sets the wall clock by so much. */
  jump(ms: number): void;
}

export function movingClock(): MovingClock {
  const clock: FakeClock = fakeClock();
  let offsetMs = 0;
  return {
    now: () => clock.now() + offsetMs,
    monotonic: clock.monotonic,
    timer: clock.timer,
    sleep: clock.sleep,
    advance: clock.advance,
    jump(ms) {
      offsetMs += ms;
    },
  };
}
