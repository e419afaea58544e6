import { hostname } from 'node:os';
import { customKinds } from '../../api/live-registry.ts';
import { type Component, runAll } from '../../base/component.ts';
import { type Client, createClient } from '../../client/client.ts';
import { type EventRecorder, eventRecorder } from '../../client/events.ts';
import { createInformers, type Informers } from '../../client/informer.ts';
import { type LeaderOptions, leaderElection } from '../../client/leader.ts';
import { runControllers } from '../../client/run-controllers.ts';
import { controllers } from '../../controllers/index.ts';
import type { SchedulerConfiguration } from '../../scheduler/config/configuration.ts';
import { createScheduler, readConfiguration } from '../../scheduler/scheduler.ts';
import type { ServiceAccountTokens } from '../../server/authn/service-account-token.ts';
import { controllerMetrics } from '../../server/metrics/controller-metrics.ts';
import { leaderMetrics } from '../../server/metrics/leader-metrics.ts';
import { queueMetrics } from '../../server/metrics/queue-metrics.ts';
import { schedulerMetrics } from '../../server/metrics/scheduler-metrics.ts';
import type { Pki } from '../../server/pki/pki.ts';
import type { ApiServer } from '../../server/server.ts';
import { isShared } from '../../store/open.ts';
import { UsageError } from '../exit.ts';
import { servedKinds } from '../runtime-config.ts';
import type { Ambient } from './ambient.ts';
import { type LoopName, noted } from './component-checks.ts';
import { extenderCalls, withFilesRead } from './extender-calls.ts';
import { podRanges } from './pod-ranges.ts';
import { readPolicyFile } from './policy-file.ts';
import type { ServerSettings } from './settings.ts';

/** The identity of everything that works inside the server's own process. What each controller writes is held to its declaration by the client. */
const IN_PROCESS = { name: 'system:kube-controller-manager', groups: ['system:masters', 'system:authenticated'] } as const;
const SCHEDULER = { name: 'system:kube-scheduler', groups: ['system:masters', 'system:authenticated'] } as const;

const CONFIG_FLAG = '--scheduler-config';

/** What the file says that --scheduler-config names; undefined without one. Rejects with UsageError. */
export async function schedulerConfiguration({ schedulerConfig }: Pick<ServerSettings, 'schedulerConfig'>) {
  if (schedulerConfig === undefined) return undefined;
  const configuration = await readPolicyFile(CONFIG_FLAG, schedulerConfig, readConfiguration);
  try {
    return { ...configuration, extenders: await Promise.all(configuration.extenders.map(withFilesRead)) };
  } catch (cause) {
    throw new UsageError(`${CONFIG_FLAG} ${schedulerConfig} cannot be used: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

interface ControlPlaneParts {
  readonly server: ApiServer;
  readonly pki: Pki;
  readonly tokens: ServiceAccountTokens;
  readonly running: Set<LoopName>;
  /** Undefined: the default one. */
  readonly scheduler: SchedulerConfiguration | undefined;
}

/**
 * Controllers and scheduler on the in-process door: they share objects with the watch cache, no socket and no JSON between. Each runs while this server
 * leads (Leases kube-controller-manager and kube-scheduler, as upstream's), which it does at once where the store is its own (ADR 0023).
 */
export function controlLoops(settings: ServerSettings, parts: ControlPlaneParts, ambient: Ambient): Component {
  const { server } = parts;
  const { clock, random, log } = ambient;
  const client = createClient(server.localTransport(IN_PROCESS, 'kube-controller-manager'));
  const informers = createInformers({ client, clock, log, random });
  const candidacy = {
    identity: `${hostname()}_${crypto.randomUUID()}`,
    sole: !isShared(settings.datastoreEndpoint ?? 'sqlite:'),
    leading: leaderMetrics(server.metrics.registry),
    clock,
    log,
  };
  const components: Component[] = [];
  if (!settings.disable.includes('controllers')) {
    const events = eventRecorder({ client, component: 'kube-controller-manager', clock, log });
    const lead = controllerTerm(settings, { ...parts, client, informers }, ambient);
    components.push(events, elected('kube-controller-manager', lead, { ...candidacy, client, event: events.event }));
  }
  if (!settings.disable.includes('scheduler')) {
    const schedulerClient = createClient(server.localTransport(SCHEDULER, 'kube-scheduler'));
    const events = eventRecorder({ client: schedulerClient, component: 'default-scheduler', clock, log });
    const lead = schedulerTerm({ ...parts, client: schedulerClient, informers, events }, ambient);
    components.push(events, elected('kube-scheduler', lead, { ...candidacy, client: schedulerClient, event: events.event }));
  }
  return {
    name: 'control loops',
    run: ({ signal, ready }) => runAll([informers, ...components], { signal, ready }),
  };
}

const elected = (name: string, lead: Component, options: Omit<LeaderOptions, 'name' | 'namespace' | 'lead'>): Component =>
  leaderElection({ ...options, namespace: 'kube-system', name, lead });

/** Made anew for each term: what controllers remember is of the time in which they led. */
function controllerTerm(
  settings: ServerSettings,
  { server, pki, tokens, running, client, informers }: ControlPlaneParts & { client: Client; informers: Informers },
  { clock, log }: Ambient,
): Component {
  const custom = customKinds(server.definitions);
  const registry = servedKinds(settings);
  const metrics = queueMetrics(server.metrics.registry);
  const observer = controllerMetrics(server.metrics.registry);
  const given = {
    registry,
    custom,
    served: server.definitions,
    caPem: pki.caPem,
    signer: pki,
    issueToken: tokens.issueLegacy,
    podRanges: podRanges(settings),
    observer,
  };
  const term: Component = {
    name: 'controllers',
    run: (options) =>
      runControllers({ controllers: controllers(given), client, informers, resource: (id) => registry.byId(id), metrics, clock, log }).run(
        options,
      ),
  };
  return noted(term, 'controller-manager', running);
}

/** Throws UsageError for a configuration that cannot be run. */
function schedulerTerm(
  {
    server,
    scheduler,
    running,
    client,
    informers,
    events,
  }: ControlPlaneParts & { client: Client; informers: Informers; events: EventRecorder },
  { clock, random, log }: Ambient,
): Component {
  const metrics = schedulerMetrics(server.metrics.registry);
  const make = () =>
    createScheduler({
      client,
      informers,
      event: events.event,
      metrics,
      clock,
      random,
      log,
      askExtender: extenderCalls(clock),
      ...(scheduler && { configuration: scheduler }),
    });
  let next: Component | undefined;
  try {
    next = make();
  } catch (cause) {
    throw new UsageError(`${CONFIG_FLAG}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const term: Component = {
    name: 'scheduler',
    run(options) {
      const work = next ?? make();
      next = undefined;
      return work.run(options);
    },
  };
  return noted(term, 'scheduler', running);
}
