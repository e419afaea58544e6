import type { Pod } from '../../api/schema/generated/types.ts';
import { unreachable } from '../../base/unreachable.ts';
import { holdsPlace, type Rejection } from './admission-plan.ts';
import { containersOf, liveOf } from './container-machine.ts';
import { resizeContainers } from './container-resizer.ts';
import { ContainerWork } from './container-work.ts';
import type { EffectOf, PodContext, PodEnvironment } from './pod-context.ts';
import { isOver, nextWakeMs, step } from './pod-machine.ts';
import { newPod, type PodEffect, type PodEvent, type PodState } from './pod-state-plan.ts';
import type { Eviction } from './preemption-plan.ts';
import { withAllocated } from './resize-plan.ts';
import type { FoundPod } from './runtime-view.ts';
import { SandboxWork } from './sandbox-work.ts';
import { Startup } from './startup.ts';
import { podStatus } from './status-plan.ts';
import { StatusWriter } from './status-writer.ts';

export interface WorkerOptions {
  readonly found: FoundPod;
  readonly signal: AbortSignal;
  readonly onOver: (uid: string) => void;
  /** It holds its place on the node no more. */
  readonly onLeft?: () => void;
}

/** Carries a pod through its life: steps the machine, has its effects carried out, writes its status. */
export class PodWorker {
  readonly uid: string;
  readonly #env: PodEnvironment;
  readonly #signal: AbortSignal;
  readonly #onOver: (uid: string) => void;
  readonly #onLeft: (() => void) | undefined;
  readonly #writer: StatusWriter;
  readonly #setup = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  readonly #found: FoundPod;
  readonly #sandbox: SandboxWork;
  readonly #containers: ContainerWork;
  readonly #left = Promise.withResolvers<void>();
  /** On the monotonic clock; undefined once it ran. */
  #waitsSinceMs: number | undefined;
  readonly #seenAtMs: number;
  /** Of a pod that is new to the node. */
  readonly #startup: Startup | undefined;
  #state: PodState;
  #wake: Disposable | undefined;

  /** `found`: what the runtime has of the pod already. */
  constructor(pod: Pod, env: PodEnvironment, { found, signal, onOver, onLeft }: WorkerOptions) {
    this.uid = pod.metadata?.uid ?? '';
    this.#env = env;
    this.#signal = signal;
    this.#onOver = onOver;
    this.#onLeft = onLeft;
    this.#state = newPod(pod, env.clock.now());
    this.#writer = new StatusWriter(pod, env, { signal });
    this.#found = found;
    this.#waitsSinceMs = (pod.status?.phase ?? 'Pending') === 'Pending' ? env.clock.monotonic() : undefined;
    this.#seenAtMs = env.clock.monotonic();
    this.#startup = pod.status?.startTime === undefined ? new Startup() : undefined;
    const context = this.#context();
    this.#sandbox = new SandboxWork(context);
    this.#containers = new ContainerWork(context, found);
  }

  #context(): PodContext {
    return {
      env: this.#env,
      signal: this.#signal,
      setupSignal: AbortSignal.any([this.#signal, this.#setup.signal]),
      state: () => this.#state,
      send: (event) => this.send(event),
      event: (...event) => this.event(...event),
      pulled: (span) => this.#startup?.pulled(span),
    };
  }

  get state(): PodState {
    return this.#state;
  }

  /** Begins the pod's life on this node. */
  start(): void {
    const { observer, clock } = this.#env;
    observer?.workerStarted((clock.monotonic() - this.#seenAtMs) / 1000);
    this.send({ type: 'found', ...this.#found });
  }

  /** Ends the pod before it begins. */
  reject({ reason, message }: Rejection): void {
    this.event('Warning', reason, message);
    this.send({ type: 'rejected', reason, message: `Pod was rejected: ${message}` });
  }

  /** Ends the pod, whose resources another needs more. Resolves when nothing of it runs any more. */
  evict(eviction: Eviction): Promise<void> {
    this.event('Warning', eviction.reason, eviction.message);
    this.send({ type: 'evicted', ...eviction });
    return this.#left.promise;
  }

  send(event: PodEvent): void {
    if (this.#signal.aborted) return;
    if (event.type === 'podChanged') this.#observe(event.pod);
    if (event.type === 'containerExited' && this.#isInit(event.name)) this.#startup?.initRan(event.finishedAtMs - event.startedAtMs);
    const nowMs = this.#env.clock.now();
    const [state, effects] = step(this.#state, event, nowMs);
    const leaves = holdsPlace(this.#state) && !holdsPlace(state);
    this.#state = state;
    if (!holdsPlace(state)) this.#left.resolve();
    for (const effect of effects) this.#carryOut(effect);
    this.#writeStatus();
    this.#setTimer(nowMs);
    if (isOver(state)) this.#end();
    if (leaves) this.#onLeft?.();
  }

  #isInit(name: string): boolean {
    return containersOf(this.#state.pod).some((container) => container.spec.name === name && container.role === 'init');
  }

  #observe(pod: Pod): void {
    this.#writer.observe(pod);
    const startup = this.#startup?.observe(pod, this.#env.clock.now());
    if (startup) this.#env.observer?.startupSeen(startup);
    const { labels, annotations } = this.#state.pod.metadata ?? {};
    const isSame = JSON.stringify([labels, annotations]) === JSON.stringify([pod.metadata?.labels, pod.metadata?.annotations]);
    // Downward API volumes show labels and annotations.
    if (!isSame) this.#track(this.#env.storage.refresh(withAllocated(pod, this.#state.pod), { signal: this.#signal }));
  }

  /** The runtime says that a container stopped. */
  stopped(containerId: string): void {
    this.#track(this.#containers.stopped(containerId));
  }

  /** Compares with what the runtime lists: ends that no event told of. */
  relist(containers: ReadonlyMap<string, string>, sandboxes: ReadonlyMap<string, string>): void {
    const { sandbox } = this.#state;
    for (const { run } of Object.values(this.#state.containers)) {
      const live = liveOf(run);
      if (live && containers.get(live.id) !== 'running') this.stopped(live.id);
    }
    if (sandbox.at === 'ready' && sandboxes.get(sandbox.id) !== 'ready') this.send({ type: 'sandboxLost', id: sandbox.id });
  }

  /** Resolves when everything under way has ended. */
  async drained(): Promise<void> {
    this.#wake?.[Symbol.dispose]();
    this.#containers.stopAllProbes();
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    await this.#writer.flush();
  }

  async #resize({ names }: EffectOf<'resize'>): Promise<void> {
    this.send(await resizeContainers(this.#env, this.#state, names, this.#signal));
    // Downward API volumes show resources.
    await this.#env.storage.refresh(this.#state.pod, { signal: this.#signal });
  }

  #end(): void {
    this.#wake?.[Symbol.dispose]();
    this.#containers.stopAllProbes();
    this.#onOver(this.uid);
  }

  #track(work: Promise<void>): void {
    const task = work
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#env.log.error({ pod: this.key, error }, 'pod work failed');
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  get key(): string {
    const { namespace, name } = this.#state.pod.metadata ?? {};
    return `${namespace}/${name}`;
  }

  /** `steppedMs`: the machine's time. What came due since then, while its effects were carried out, is still to be waited for. */
  #setTimer(steppedMs: number): void {
    this.#wake?.[Symbol.dispose]();
    const { clock } = this.#env;
    const at = nextWakeMs(this.#state, steppedMs);
    this.#wake = at === undefined ? undefined : clock.timer(Math.max(0, at - clock.now()), () => this.send({ type: 'tick' }));
  }

  #writeStatus(): void {
    const { stage, pod, object } = this.#state;
    if (object === 'gone' || stage.at === 'new' || stage.at === 'finalised') return;
    if ('cause' in stage && stage.cause.kind === 'settled') return;
    const status = podStatus(this.#state, { hostIps: this.#env.facts.hostIps() }, this.#env.clock.now());
    if (status.phase === 'Running') this.#noteStart();
    this.#writer.update(pod, status);
  }

  #noteStart(): void {
    const { observer, clock } = this.#env;
    if (this.#waitsSinceMs !== undefined) observer?.podStarted((clock.monotonic() - this.#waitsSinceMs) / 1000);
    this.#waitsSinceMs = undefined;
  }

  /** Records an event about the pod, or about one of its containers. */
  event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    const init = this.#state.pod.spec?.initContainers?.some((c) => c.name === container);
    const path = container ? `spec.${init ? 'initContainers' : 'containers'}{${container}}` : undefined;
    const about = { apiVersion: 'v1', kind: 'Pod', ...this.#state.pod };
    this.#env.event(about, type, reason, message, path);
  }

  #carryOut(effect: PodEffect): void {
    const work = this.#begin(effect);
    if (work) this.#track(work);
  }

  /** Begins an effect; answers with what of it is still under way. */
  #begin(effect: PodEffect): Promise<void> | undefined {
    switch (effect.do) {
      case 'mountVolumes':
        return this.#sandbox.mount();
      case 'runSandbox':
        return this.#sandbox.run(effect);
      case 'dropSandbox':
        return this.#sandbox.drop(effect);
      case 'startContainer':
        return this.#containers.start(effect, () => this.#sandbox.config());
      case 'runPostStart':
        return this.#containers.postStart(effect);
      case 'stopContainer':
        return this.#containers.stop(effect);
      case 'resize':
        return this.#resize(effect);
      case 'startProbes':
        return this.#containers.startProbes(effect);
      case 'stopProbes':
        this.#containers.stopProbes(effect);
        return undefined;
      case 'abandonSetup':
        this.#setup.abort(new Error('the pod is being stopped'));
        return undefined;
      case 'release':
        return this.#sandbox.release();
      case 'remove':
        return this.#sandbox.remove();
      case 'finalise':
        return this.#sandbox.finalise(() => this.#writer.flush());
      case 'report':
        this.event(effect.type, effect.reason, effect.message, effect.container);
        return undefined;
      default:
        return unreachable(effect);
    }
  }
}
