import { nodes, pods, registry } from '../api/index.ts';
import { type KubeObject, objectKey } from '../api/meta/object.ts';
import { resourceClaims } from '../api/resource/resource-claim.ts';
import type { Pod } from '../api/schema/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import { letOthersRun } from '../base/event-loop.ts';
import type { Logger } from '../base/logger.ts';
import { createNotifier } from '../base/notifier.ts';
import type { Random } from '../base/random.ts';
import type { Client } from '../client/client.ts';
import type { Change, Informer, Informers } from '../client/informer.ts';
import { BackgroundWork } from './background-work.ts';
import { SchedulerCache } from './cache/scheduler-cache.ts';
import { ClusterFeed } from './cluster-feed.ts';
import { readSchedulerConfiguration, type SchedulerConfiguration } from './config/configuration.ts';
import { byDevice, DeviceLedger } from './devices/device-ledger.ts';
import { type AskExtender, EXTENDER, Extenders } from './extenders/extenders.ts';
import { FailureReporter } from './failure-reporter.ts';
import { Action } from './framework/cluster-event.ts';
import { WaitingPods } from './framework/waiting-pods.ts';
import { Interests } from './interests.ts';
import { pluginRegistry } from './plugin-registry.ts';
import { buildProfiles } from './profiles.ts';
import { Nominator } from './queue/nominator.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';
import { NO_METRICS, type SchedulerMetrics } from './scheduler-metrics.ts';
import { SchedulingCycle } from './scheduling-cycle.ts';
import { NodeSelector } from './select-node.ts';
import { SteadyView } from './steady-view.ts';

/** Bindings under way at once. More would only queue in the server. */
const MAX_BINDINGS = 128;
/** Cycles do not await; this long they may keep others from running. */
const TURN_MS = 8;

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: Informers;
  /** Writes an Event about an object; never throws. */
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Undefined: upstream's defaults. */
  readonly configuration?: SchedulerConfiguration;
  /** Absent: nobody is told. */
  readonly metrics?: SchedulerMetrics;
  /** How extenders of the configuration are called. */
  readonly askExtender?: AskExtender;
  /** Plugins to choose from; those that are built in unless a test brings its own. */
  readonly plugins?: typeof pluginRegistry;
}

/** A KubeSchedulerConfiguration against the plugins that there are. Throws an Error, one sentence, that names everything that is wrong. */
export const readConfiguration = (document: unknown): SchedulerConfiguration => readSchedulerConfiguration(document, pluginRegistry);

/** Everything that decides, wired together; the loop is not in it. */
function assemble(options: SchedulerOptions, wake: () => void) {
  const { informers, clock, random, log, metrics = NO_METRICS } = options;
  const definitions = options.plugins ?? pluginRegistry;
  const configuration = options.configuration ?? readSchedulerConfiguration(undefined, definitions);
  const cache = new SchedulerCache();
  const nominator = new Nominator();
  const waiting = new WaitingPods(clock);
  const reporter = new FailureReporter(options);
  const background = new BackgroundWork(log);
  const podInformer = informers.informer(pods);
  const extenders = new Extenders(configuration.extenders, options.askExtender ?? nobodyAnswers, log);

  const profiles = buildProfiles(configuration, definitions, nominator, {
    ...options,
    snapshot: cache,
    waiting,
    extenders,
    devices: new DeviceLedger(informers.informer(resourceClaims, { indexes: byDevice })),
    nominatedOn: (nodeName) => nominator.on(nodeName) ?? [],
    nominatedNodeOf: (key) => nominator.nodeOf(key),
    withdrawNomination(pod) {
      nominator.forget(pod.key);
      background.start(({ signal }) => reporter.clearNomination(pod.pod, { signal }));
    },
    activate(key) {
      queue.activate(key);
      wake();
    },
    recheckGate(key) {
      queue.recheckGate(key);
      wake();
    },
    background: (work) => background.start(work),
  });
  // An extender does not say which events help.
  const interests = new Interests(extenders.isEmpty ? profiles.plugins : [...profiles.plugins, { name: EXTENDER }]);
  const queue: SchedulingQueue = new SchedulingQueue({
    ...configuration,
    clock,
    sort: profiles.queueSort,
    preEnqueue: (pod) => profiles.of(pod)?.preEnqueue(pod),
    interested: (event) => interests.pluginsFor(event),
    isHelpful: (plugin, pod, event) => interests.isHelpful(plugin, pod, event),
    onIncoming: metrics.incoming,
  });
  const feed = new ClusterFeed({ cache, queue, nominator, waiting, isOurs: (pod) => profiles.of(pod) !== undefined });
  const selector = new NodeSelector(cache, nominator, random);
  const latest = (pod: Pod) => podInformer.get(objectKey(pod));
  const cycle = new SchedulingCycle({
    ...options,
    metrics,
    cache,
    queue,
    nominator,
    waiting,
    extenders,
    reporter,
    selector,
    profileOf: profiles.of,
    latest,
  });
  metrics.shows(() => ({
    pending: queue.pending,
    refused: queue.refusals(),
    bindings: cycle.bindings,
    cached: { nodes: cache.nodeCount, ...cache.podCounts },
    evaluated: profiles.all.flatMap((profile) =>
      profile.evaluations().map((evaluations) => ({ ...evaluations, profile: profile.schedulerName })),
    ),
  }));
  return { queue, feed, cycle, background, interests, podInformer };
}

const nobodyAnswers: AskExtender = async ({ urlPrefix }) => {
  throw new Error(`there is no way to the extender at ${urlPrefix}`);
};

/** The resources besides pods and nodes that plugins wait for. */
function otherInformers(interests: Interests, informers: Informers): [string, Informer][] {
  const ids = interests.resources.filter((id) => id !== 'nodes' && !id.startsWith('pods/'));
  return ids.map((id) => {
    const resource = registry.byId(id);
    if (!resource) throw new Error(`a scheduler plugin waits for ${id}, which is no resource`);
    return [id, informers.informer(resource as never) as Informer];
  });
}

const ACTIONS = { ADDED: Action.add, MODIFIED: Action.update, DELETED: Action.delete };

/**
 * Gives every pod that has none a node: queue, cycle, binding. Throws an Error, one sentence, when the plugins of a profile do not make a scheduler.
 */
export function createScheduler(options: SchedulerOptions): Component {
  const { informers, clock } = options;
  const changes = createNotifier();
  const wake = () => changes.notify();
  const { queue, feed, cycle, background, interests, podInformer } = assemble(options, wake);
  const nodeInformer = informers.informer(nodes);
  const others = otherInformers(interests, informers);
  const view = new SteadyView();

  /** Resolves when something changed, or when a pod is due. */
  async function nextTurn(signal: AbortSignal): Promise<void> {
    const due = cycle.bindings < MAX_BINDINGS ? queue.nextDueMs() : undefined;
    using _timer = due === undefined ? undefined : clock.timer(due, wake);
    await changes.wait({ signal });
  }

  async function scheduleAll(signal: AbortSignal): Promise<void> {
    let turnEndsAt = clock.monotonic() + TURN_MS;
    while (!signal.aborted) {
      const pod = cycle.bindings < MAX_BINDINGS ? queue.pop() : undefined;
      if (pod) background.start(() => cycle.run(pod, { signal }).finally(wake));
      else await nextTurn(signal);
      if (cycle.deciding) await view.keepFor(cycle.deciding);
      if (pod && clock.monotonic() < turnEndsAt) continue;
      await letOthersRun();
      turnEndsAt = clock.monotonic() + TURN_MS;
    }
  }

  function followAll(): Disposable {
    const subscriptions = new DisposableStack();
    const follow = <T extends KubeObject>(informer: Informer<T>, listen: (change: Change<T>) => void) => {
      const subscription = informer.onChange((change) => {
        view.change(() => listen(change));
        wake();
      });
      subscriptions.use(subscription);
    };
    for (const [resource, informer] of others) {
      follow(informer, ({ type, object, previous }) => queue.move({ resource, actions: ACTIONS[type], object, previous }));
    }
    follow(nodeInformer, (change) => feed.node(change));
    follow(podInformer, (change) => feed.pod(change));
    return subscriptions;
  }

  return {
    name: 'scheduler',
    async run({ signal, ready }) {
      background.open(signal);
      const all: Pick<Informer, 'whenSynced'>[] = [nodeInformer, podInformer, ...others.map(([, informer]) => informer)];
      await Promise.all(all.map((informer) => informer.whenSynced({ signal }))).catch(() => {});
      using _subscriptions = followAll();
      ready();
      await scheduleAll(signal);
      await background.whenDone();
    },
  };
}
