import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { isWorthReleasing, type MemoryLook } from './memory-plan.ts';

const LOOK_EVERY_MS = 5_000;

/** Gives memory that the process no longer needs back to the system, when it has little to do (as Go's runtime does all the time). */
export function memoryKeeper({ clock, log }: { readonly clock: Clock; readonly log: Logger }): Component {
  const look = (): MemoryLook => {
    const { user, system } = process.cpuUsage();
    return { residentBytes: process.memoryUsage.rss(), cpuMicros: user + system, atMs: clock.monotonic() };
  };
  return {
    name: 'memory',
    async run({ signal, ready }) {
      ready();
      const collect = collector();
      let settledBytes = 0;
      let before = look();
      try {
        for (;;) {
          await clock.sleep(LOOK_EVERY_MS, { signal });
          let now = look();
          if (isWorthReleasing(before, now, settledBytes)) {
            collect();
            const after = look();
            log.debug(
              { beforeBytes: now.residentBytes, afterBytes: after.residentBytes, tookMs: after.atMs - now.atMs },
              'memory released',
            );
            settledBytes = after.residentBytes;
            now = after;
          }
          before = now;
        }
      } catch (error) {
        if (!isAbort(error, signal)) throw error;
      }
    },
  };
}

/** V8's collection that empties its pools of pages too. Node has no call for it, only the flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  setFlagsFromString('--no-expose-gc');
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
