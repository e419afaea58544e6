import { pods } from '../api/index.ts';
import { type FakeClock, fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { fakeCluster } from '../client/fake-client.ts';
import { createInformers } from '../client/informer.ts';
import { createScheduler, readConfiguration, type SchedulerOptions } from './scheduler.ts';

interface RunOptions extends Pick<SchedulerOptions, 'plugins' | 'askExtender'> {
  /** KubeSchedulerConfiguration. Absent: the default one. */
  readonly document?: unknown;
  readonly event: SchedulerOptions['event'];
}

/** A whole scheduler at work on a fake cluster, until it is disposed of. */
export function runScheduler({ document, ...options }: RunOptions) {
  const clock: FakeClock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const stop = new AbortController();
  const { signal } = stop;
  const informers = createInformers({ client, clock, log: silentLogger, random: () => 0 });
  const configuration = document === undefined ? {} : { configuration: readConfiguration(document) };
  const scheduler = createScheduler({ ...options, ...configuration, client, informers, clock, random: () => 0, log: silentLogger });
  const run = Promise.all([informers.run({ signal, ready() {} }), scheduler.run({ signal, ready() {} })]);
  return {
    clock,
    cluster,
    client,
    signal,
    nodeOf: (name: string) => cluster.find(pods, `default/${name}`)?.spec?.nodeName,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
    },
  };
}
