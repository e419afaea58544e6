import {
  cronJobs,
  daemonSets,
  deployments,
  horizontalPodAutoscalers,
  jobs,
  namespaces,
  nodes,
  persistentVolumes,
  podDisruptionBudgets,
  resourceQuotas,
  services,
  statefulSets,
  storageClasses,
} from '../../src/api/index.ts';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import { createClient } from '../../src/client/client.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { perform, type Stage } from './actions.ts';
import { type ControlPlane, controlPlane } from './control-plane.ts';
import { dice } from './dice.ts';
import { problemsAtTheEnd } from './end-state.ts';
import { ATTACHMENTS, FakeAttacher } from './fake-attacher.ts';
import { FakeKubelets } from './fake-kubelet.ts';
import { fakeMetrics } from './fake-metrics.ts';
import { faultyTransport, NO_FAULTS } from './fault-transport.ts';
import { History } from './history.ts';
import { invariants } from './invariants/index.ts';
import { twoOfOne } from './invariants/stateful-sets.ts';
import { movingClock } from './moving-clock.ts';
import type { Scenario } from './scenario.ts';
import { settled } from './settled.ts';
import { truthOf, type Write } from './truth.ts';
import {
  agent,
  api,
  autoscaler,
  brief,
  budget,
  cache,
  db,
  loadOf,
  NAMESPACE,
  QUOTA_START,
  quota,
  service,
  storageClass,
  tick,
  VOLUMES,
  volume,
  web,
  work,
} from './workload-objects.ts';

const SLICE_MS = 500;
const SLICE_AT_REST_MS = 5_000;
/** Of time that the wall clock counts: a pod that became ready before it was set back is available when it has caught up and minReadySeconds are over. */
const SETTLED_AFTER_MS = 40 * 60_000;
const HOUR_MS = 60 * 60_000;
const EMPTIED_AFTER_MS = 10 * 60_000;

export interface PlayOptions {
  readonly log?: Logger;
  /** Told of everything that happens, for whoever looks for the reason of a failure. */
  readonly onWrite?: (write: Write, atMs: number) => void;
  readonly say?: (text: string, atMs: number) => void;
}

/** Plays a scenario from an empty cluster to its deletion. Rejects with what went wrong. */
export async function play(scenario: Scenario, options: PlayOptions = {}): Promise<void> {
  const game = new Game(scenario, options);
  try {
    await game.setUp();
    await game.chaos();
    await game.calm();
    await game.rest();
    await game.tearDown();
  } finally {
    await game.end();
  }
}

class Game {
  readonly #scenario: Scenario;
  readonly #options: PlayOptions;
  readonly #clock = movingClock();
  readonly #stop = new AbortController();
  readonly #broken: string[] = [];
  readonly #plane: ControlPlane;
  readonly #stage: Stage;
  readonly #listeners = new Set<(write: Write) => void>();
  #rates;
  #names = 1;

  constructor(scenario: Scenario, options: PlayOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#rates = scenario.rates;
    const clock = this.#clock;
    const chance = dice(scenario.seed);
    const store = memoryStore();
    const truth = truthOf(store);
    const history = new History(truth, clock);
    this.#plane = controlPlane({
      store,
      clock,
      random: chance.fork('cluster').random,
      newUid: () => `uid-${this.#stage.next()}`,
      log: options.log ?? silentLogger,
      onStart: () => history.started(),
      between: (component, inner) =>
        faultyTransport({
          inner: fakeMetrics({ inner, truth, clock, load: () => loadOf(this.#stage.busy) }),
          clock,
          dice: chance.fork(component),
          rates: () => this.#rates,
          onLate: ({ verb, resource }) => history.late(component, `${verb} ${resource}`),
          onLost: ({ verb, resource }) => history.lost(component, `${verb} ${resource}`),
        }),
    });
    truth.onWrite((write) => {
      options.onWrite?.(write, clock.monotonic());
      for (const { name, check } of invariants) {
        const broken = check(write, { truth, history, nowMs: clock.now() });
        if (broken) this.#broken.push(`${name}: ${broken} (${write.resource} ${write.key} by ${write.by} at ${clock.monotonic()} ms)`);
      }
      for (const listener of this.#listeners) listener(write);
    });
    const clientOf = (actor: string) => createClient(this.#plane.door(actor));
    const { signal } = this.#stop;
    const kubelets = new FakeKubelets({
      client: clientOf('kubelet'),
      truth,
      clock,
      dice: chance.fork('kubelets'),
      signal,
      onStart: (started, others) => {
        const broken = twoOfOne(started, others);
        if (broken) this.#broken.push(broken);
      },
    });
    new FakeAttacher({
      client: clientOf('attacher'),
      truth,
      clock,
      dice: chance.fork('attacher'),
      signal,
      isMounted: (node, name) => kubelets.isMounted(node, name),
      broken: (what) => void this.#broken.push(what),
    });
    this.#stage = {
      client: clientOf('user'),
      evictor: clientOf('user: evict'),
      plane: this.#plane,
      kubelets,
      truth,
      clock,
      signal,
      pass: (ms) => this.#pass(ms),
      busy: 1,
      next: () => ++this.#names,
    };
  }

  async setUp(): Promise<void> {
    const { client, signal, kubelets } = this.#stage;
    const { workloads, nodes: count } = this.#scenario;
    await this.#plane.start();
    for (const name of ['default', 'kube-system', 'kube-node-lease', NAMESPACE])
      await client.create(namespaces, { metadata: { name } }, { signal });
    for (let i = 0; i < count; i += 1) await kubelets.addNode(`node-${i}`);
    await this.#pass(30_000);
    const options = { namespace: NAMESPACE, signal };
    await client.create(resourceQuotas, quota(QUOTA_START), options);
    await client.create(podDisruptionBudgets, budget(workloads.minAvailable), options);
    const { volumes } = workloads.db;
    if (volumes) await client.create(storageClasses, storageClass(volumes), { signal });
    for (let i = 0; volumes && i < VOLUMES; i += 1) await client.create(persistentVolumes, volume(i), { signal });
    await client.create(services, service(), options);
    await client.create(deployments, web(workloads.web), options);
    await client.create(statefulSets, db(workloads.db), options);
    await client.create(daemonSets, agent(workloads.agent), options);
    await client.create(jobs, work(workloads.work), options);
    if (workloads.brief) await client.create(jobs, brief(workloads.brief), options);
    if (workloads.tick) await client.create(cronJobs, tick(workloads.tick), options);
    if (workloads.cache) await client.create(deployments, cache(workloads.cache), options);
    if (!workloads.api) return;
    await client.create(deployments, api(workloads.api), options);
    await client.create(horizontalPodAutoscalers, autoscaler(workloads.api), options);
  }

  async chaos(): Promise<void> {
    for (const { afterMs, action } of this.#scenario.steps) {
      await this.#pass(afterMs);
      this.#options.say?.(JSON.stringify(action), this.#clock.monotonic());
      await perform(action, this.#stage);
    }
    await this.#pass(10_000);
  }

  /** Nothing goes wrong any more: now everything has to come right by itself. */
  async calm(): Promise<void> {
    this.#options.say?.('calm', this.#clock.monotonic());
    this.#rates = NO_FAULTS;
    const { client, kubelets, signal, truth } = this.#stage;
    const options = { namespace: NAMESPACE, signal };
    for (const [name, state] of kubelets.states) if (state !== 'on') kubelets.setNode(name, 'on');
    for (const node of truth.all('nodes'))
      await client.patch(nodes, node.metadata?.name ?? '', 'merge', { spec: { unschedulable: null } }, { signal });
    await client.patch(resourceQuotas, 'quota', 'merge', { spec: { hard: { pods: '100' } } }, options);
    await client.patch(deployments, 'web', 'merge', { spec: { paused: false } }, options);
    await client.patch(jobs, 'work', 'merge', { spec: { parallelism: 2 } }, options);
    if (this.#scenario.workloads.tick) await client.patch(cronJobs, 'tick', 'merge', { spec: { suspend: true } }, options);
    // Before its Node is deleted, all seems well on a machine that is gone.
    const lost = () =>
      truth.all('nodes').flatMap(({ metadata }) => (kubelets.states.has(metadata?.name ?? '') ? [] : [`${metadata?.name} is gone`]));
    const problems = await this.#until(SETTLED_AFTER_MS + this.#clock.setBackMs, () => [
      ...lost(),
      ...problemsAtTheEnd(truth, this.#stage.busy),
    ]);
    if (problems.length > 0) throw new Error(`the end state is wrong:\n  ${problems.join('\n  ')}`);
  }

  /** An hour in which nothing happens: then nothing is written either, but for the machines' signs of life. */
  async rest(): Promise<void> {
    this.#options.say?.('rest', this.#clock.monotonic());
    await this.#pass(2 * 60_000);
    // What happened in a future that the clock was set back from may count only when that comes: an autoscaler looks anew then.
    await this.#pass(this.#clock.setBackMs, SLICE_AT_REST_MS);
    const writes: string[] = [];
    const count = ({ resource, key, by, after }: Write) => {
      // Events expire after an hour.
      const isExpected = resource === 'leases.coordination.k8s.io' || (resource === 'events' && !after);
      if (!isExpected) writes.push(`${resource} ${key} by ${by}`);
    };
    this.#listeners.add(count);
    await this.#pass(HOUR_MS, SLICE_AT_REST_MS);
    this.#listeners.delete(count);
    if (writes.length > 0) throw new Error(`${writes.length} writes at rest:\n  ${writes.slice(0, 10).join('\n  ')}`);
  }

  async tearDown(): Promise<void> {
    const { client, signal, truth } = this.#stage;
    await client.delete(namespaces, NAMESPACE, { signal });
    const left = await this.#until(EMPTIED_AFTER_MS, () => [
      ...truth.keysUnder(NAMESPACE),
      ...truth.all(ATTACHMENTS).map(({ metadata }) => `attachment ${metadata?.name}`),
    ]);
    if (left.length > 0) throw new Error(`the deleted namespace holds: ${left.slice(0, 10).join(', ')}`);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#plane.stop();
  }

  async #until(longestMs: number, problems: () => readonly string[]): Promise<readonly string[]> {
    for (let passedMs = 0; passedMs < longestMs && problems().length > 0; passedMs += 10_000) await this.#pass(10_000);
    return problems();
  }

  /** In small slices, after each of which all that it set off is carried out: work takes no time but what faults make of it. */
  async #pass(ms: number, sliceMs = SLICE_MS): Promise<void> {
    for (let left = ms; left > 0; left -= sliceMs) {
      await this.#clock.advance(Math.min(left, sliceMs));
      await settled();
      const [first] = this.#broken;
      if (first) throw new Error(first);
    }
  }
}
