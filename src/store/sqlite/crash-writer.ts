/**
 * The victim of crash.test.ts: writes as fast as it can and says on stdout what was acknowledged, until it is killed.
 * A line: `<key> <step> <revision>`. Step n of a key is a function of n alone, so that the test can tell what must be there.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Store } from '../store.ts';
import { isDeleteStep, valueAt } from './crash-steps.ts';
import { openSqliteStore } from './sqlite-store.ts';

/** Out of this process before it returns, so that a kill loses no line. The pipe may be full while the test is slow to read. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

async function writeForever(store: Store, key: string, firstStep: number, persistence: 'durable' | 'write-behind'): Promise<void> {
  let revision = (await store.get(key))?.revision ?? 0;
  for (let step = firstStep; ; step += 1) {
    const done = isDeleteStep(step)
      ? await store.delete(key, { expected: revision, persistence })
      : await store.put(key, valueAt(key, step), { expected: revision, persistence });
    revision = isDeleteStep(step) ? 0 : done;
    say(`${key} ${step} ${done}\n`);
    // Write-behind writes never wait for a disk: without a turn of the event loop nothing else would run.
    if (persistence === 'write-behind') await new Promise((resolve) => setImmediate(resolve));
  }
}

const [path, firstSteps] = process.argv.slice(2);
if (path && firstSteps) {
  const store = await openSqliteStore({ path, clock: systemClock, log: silentLogger, flushMs: 20 });
  const steps: Record<string, number> = JSON.parse(firstSteps);
  const isBehind = (key: string) => key.startsWith('/behind/');
  await Promise.all(Object.entries(steps).map(([key, step]) => writeForever(store, key, step, isBehind(key) ? 'write-behind' : 'durable')));
}
