import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { runInOrder } from '../../base/run-in-order.ts';
import { memoryKeeper } from './memory.ts';

/**
 * Runs the components as this process' whole work: until SIGTERM or SIGINT, which stops them in the opposite order. A second signal ends the process
 * at once.
 */
export async function runProcess(
  components: readonly Component[],
  { clock, log, ready }: { clock: Clock; log: Logger; ready: () => void },
): Promise<void> {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(1);
    log.info({ signal: name }, 'stopping');
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    await runInOrder([...components, memoryKeeper({ clock, log })], { signal: stop.signal, ready });
    log.info({}, 'stopped');
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
}
