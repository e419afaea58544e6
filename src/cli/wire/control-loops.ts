import { registry } from '../../api/index.ts';
import { customKinds } from '../../api/live-registry.ts';
import { type Component, runAll } from '../../base/component.ts';
import { createClient } from '../../client/client.ts';
import { eventRecorder } from '../../client/events.ts';
import { createInformers } from '../../client/informer.ts';
import { runControllers } from '../../client/run-controllers.ts';
import { controllers } from '../../controllers/index.ts';
import type { SchedulerConfiguration } from '../../scheduler/config/configuration.ts';
import { createScheduler, readConfiguration } from '../../scheduler/scheduler.ts';
import type { ServiceAccountTokens } from '../../server/authn/service-account-token.ts';
import { queueMetrics } from '../../server/metrics/queue-metrics.ts';
import type { Pki } from '../../server/pki/pki.ts';
import type { ApiServer } from '../../server/server.ts';
import { UsageError } from '../exit.ts';
import type { Ambient } from './api-server.ts';
import { type LoopName, noted } from './component-checks.ts';
import { readPolicyFile } from './policy-file.ts';
import type { ServerSettings } from './settings.ts';

/** The identity of everything that works inside the server's own process. What each controller writes is held to its declaration by the client. */
const IN_PROCESS = { name: 'system:kube-controller-manager', groups: ['system:masters', 'system:authenticated'] } as const;
const SCHEDULER = { name: 'system:kube-scheduler', groups: ['system:masters', 'system:authenticated'] } as const;

const CONFIG_FLAG = '--scheduler-config';

/** What the file says that --scheduler-config names; undefined without one. Rejects with UsageError. */
export const schedulerConfiguration = async ({ schedulerConfig }: Pick<ServerSettings, 'schedulerConfig'>) =>
  schedulerConfig === undefined ? undefined : readPolicyFile(CONFIG_FLAG, schedulerConfig, readConfiguration);

interface ControlPlaneParts {
  readonly server: ApiServer;
  readonly pki: Pki;
  readonly tokens: ServiceAccountTokens;
  readonly running: Set<LoopName>;
  /** Undefined: the default one. */
  readonly scheduler: SchedulerConfiguration | undefined;
}

/** Controllers and scheduler on the in-process door: they share objects with the watch cache, no socket and no JSON between. */
export function controlLoops(
  settings: ServerSettings,
  { server, pki, tokens, scheduler, running }: ControlPlaneParts,
  { clock, random, log }: Ambient,
): Component {
  const client = createClient(server.localTransport(IN_PROCESS, 'kube-controller-manager'));
  const informers = createInformers({ client, clock, log, random });
  const components: Component[] = [];
  if (!settings.disable.includes('controllers')) {
    const issueToken = tokens.issueLegacy;
    const custom = customKinds(server.definitions);
    const list = controllers({ registry, custom, caPem: pki.caPem, signer: pki, issueToken, clusterCidrs: [settings.clusterCidr] });
    const loop = runControllers({
      controllers: list,
      client,
      informers,
      resource: (id) => registry.byId(id),
      metrics: queueMetrics(server.metrics.registry),
      clock,
      log,
    });
    components.push(noted(loop, 'controller-manager', running));
  }
  if (!settings.disable.includes('scheduler')) {
    const schedulerClient = createClient(server.localTransport(SCHEDULER, 'kube-scheduler'));
    const events = eventRecorder({ client: schedulerClient, component: 'default-scheduler', clock, log });
    const configuration = scheduler && { configuration: scheduler };
    try {
      const work = createScheduler({ client: schedulerClient, informers, event: events.event, clock, random, log, ...configuration });
      components.push(events, noted(work, 'scheduler', running));
    } catch (cause) {
      throw new UsageError(`${CONFIG_FLAG}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }
  return {
    name: 'control loops',
    run: ({ signal, ready }) => runAll([informers, ...components], { signal, ready }),
  };
}
