import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';

/** What every part of a process has around it; tests bring their own. */
export interface Ambient {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}
