import { fullRegistry as registry } from '../api/index.ts';
import type { Clock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import type { Client } from './client.ts';
import type { Controller } from './controller.ts';
import { createInformers } from './informer.ts';
import { runControllers } from './run-controllers.ts';

/** Runs controllers and their informers, as the server does, on the client of a fake cluster until the signal aborts. */
export function startControllers(
  controllers: readonly Controller[],
  { client, clock, signal }: { client: Client; clock: Clock; signal: AbortSignal },
): void {
  const informers = createInformers({ client, clock, log: silentLogger, random: () => 0 });
  const runner = runControllers({ controllers, client, informers, resource: registry.byId, clock, log: silentLogger });
  void informers.run({ signal, ready() {} });
  void runner.run({ signal, ready() {} });
}
