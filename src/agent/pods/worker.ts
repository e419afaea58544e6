import { pods } from '../../api/index.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Container, Pod } from '../../api/schema/generated/types.ts';
import { backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { Client } from '../../client/client.ts';
import type { Runtime, SandboxConfig } from '../../runtime/runtime.ts';
import type { Images } from '../images/images.ts';
import type { Semaphore } from '../images/semaphore.ts';
import type { ProbeTarget } from '../probes/probe-target.ts';
import type { Prober } from '../probes/prober.ts';
import { parseResolvConf } from './config/dns-plan.ts';
import { podCgroup, podLimits } from './config/resources-plan.ts';
import { sandboxConfig } from './config/sandbox-config.ts';
import { containersOf, liveOf } from './container-machine.ts';
import { ContainerProbes } from './container-probes.ts';
import { startContainer } from './container-starter.ts';
import { stopContainer } from './container-stopper.ts';
import { readExit } from './exits.ts';
import { isOver, nextWakeMs, step } from './pod-machine.ts';
import { containerOf, isDeleting, newPod, type PodEffect, type PodEvent, type PodState } from './pod-state-plan.ts';
import type { ObjectReader, PodCgroups, PodFacts, PodStorage, RecordEvent } from './ports.ts';
import { type FoundPod, removePod, stopSandboxes } from './runtime-view.ts';
import { podStatus } from './status-plan.ts';
import { StatusWriter } from './status-writer.ts';

/** What all pods of a node share. */
export interface PodEnvironment {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly storage: PodStorage;
  readonly cgroups: PodCgroups;
  readonly prober: Prober;
  readonly random: Random;
  readonly objects: ObjectReader;
  readonly images: Images;
  readonly facts: PodFacts;
  readonly event: RecordEvent;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many sandboxes are being made at the same time. */
  readonly slots: Semaphore;
}

export interface WorkerOptions {
  readonly found: FoundPod;
  readonly signal: AbortSignal;
  readonly onOver: (uid: string) => void;
}

type Of<D extends PodEffect['do']> = Extract<PodEffect, { do: D }>;

/** Carries a pod through its life: steps the machine, carries out its effects, writes its status. */
export class PodWorker {
  readonly uid: string;
  readonly #env: PodEnvironment;
  readonly #signal: AbortSignal;
  readonly #onOver: (uid: string) => void;
  readonly #writer: StatusWriter;
  readonly #setup = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  readonly #stops = new Map<string, AbortController>();
  readonly #probes: ContainerProbes;
  /** Ends that were heard of before the start was known; read as soon as it is. */
  readonly #early = new Set<string>();
  #sandbox: SandboxConfig | undefined;
  readonly #found: FoundPod;
  #state: PodState;
  #wake: Disposable | undefined;

  /** `found`: what the runtime has of the pod already. */
  constructor(pod: Pod, env: PodEnvironment, { found, signal, onOver }: WorkerOptions) {
    this.uid = pod.metadata?.uid ?? '';
    this.#env = env;
    this.#signal = signal;
    this.#onOver = onOver;
    this.#state = newPod(pod, env.clock.now());
    this.#writer = new StatusWriter(pod, env, { signal });
    this.#found = found;
    this.#probes = new ContainerProbes(env);
  }

  get state(): PodState {
    return this.#state;
  }

  /** Begins the pod's life on this node. */
  start(): void {
    this.send({ type: 'found', ...this.#found });
  }

  send(event: PodEvent): void {
    if (this.#signal.aborted) return;
    if (event.type === 'podChanged') this.#observe(event.pod);
    const nowMs = this.#env.clock.now();
    const [state, effects] = step(this.#state, event, nowMs);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    this.#writeStatus();
    this.#setTimer(nowMs);
    if (isOver(state)) this.#end();
  }

  #observe(pod: Pod): void {
    this.#writer.observe(pod);
    const { labels, annotations } = this.#state.pod.metadata ?? {};
    const isSame = JSON.stringify([labels, annotations]) === JSON.stringify([pod.metadata?.labels, pod.metadata?.annotations]);
    // Downward API volumes show labels and annotations.
    if (!isSame) this.#track(this.#env.storage.refresh(pod, { signal: this.#signal }));
  }

  /** The runtime says that a container stopped. */
  stopped(containerId: string): void {
    const live = this.#liveBy(containerId);
    if (!live) {
      this.#early.add(containerId);
      return;
    }
    this.#track(this.#readExit(live, containerId));
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
    this.#probes.stopAll();
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    await this.#writer.flush();
  }

  #end(): void {
    this.#wake?.[Symbol.dispose]();
    this.#probes.stopAll();
    this.#onOver(this.uid);
  }

  #track(work: Promise<void>): void {
    const task = work
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#env.log.error({ pod: this.#key, error }, 'pod work failed');
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  get #key(): string {
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
    this.#writer.update(pod, podStatus(this.#state, { hostIps: this.#env.facts.hostIps() }, this.#env.clock.now()));
  }

  #specOf(name: string): Container | undefined {
    return containersOf(this.#state.pod).find((c) => c.spec.name === name)?.spec;
  }

  #liveBy(id: string): Container | undefined {
    const found = Object.entries(this.#state.containers).find(([, c]) => liveOf(c.run)?.id === id);
    return found && this.#specOf(found[0]);
  }

  #report(container: string | undefined) {
    return (type: 'Normal' | 'Warning', reason: string, message: string) => this.#event(type, reason, message, container);
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    const init = this.#state.pod.spec?.initContainers?.some((c) => c.name === container);
    const path = container ? `spec.${init ? 'initContainers' : 'containers'}{${container}}` : undefined;
    const about = { apiVersion: 'v1', kind: 'Pod', ...this.#state.pod };
    this.#env.event(about, type, reason, message, path);
  }

  #carryOut(effect: PodEffect) {
    switch (effect.do) {
      case 'mountVolumes':
        return this.#track(this.#mount());
      case 'runSandbox':
        return this.#track(this.#runSandbox(effect));
      case 'dropSandbox':
        return this.#track(this.#dropSandbox(effect));
      case 'startContainer':
        return this.#track(this.#start(effect));
      case 'runPostStart':
        return this.#track(this.#postStart(effect));
      case 'stopContainer':
        return this.#track(this.#stop(effect));
      case 'startProbes':
        return this.#startProbes(effect);
      case 'stopProbes':
        return this.#probes.stop(effect.name, effect.kinds);
      case 'abandonSetup':
        return this.#setup.abort(new Error('the pod is being stopped'));
      case 'release':
        return this.#track(this.#untilDone(() => this.#release(), { type: 'released' }));
      case 'remove':
        return this.#track(this.#untilDone(() => this.#remove(), { type: 'removed' }));
      case 'finalise':
        return this.#track(this.#untilDone(() => this.#finalise(), { type: 'finalised' }));
      case 'report':
        return this.#event(effect.type, effect.reason, effect.message, effect.container);
      default:
        return unreachable(effect);
    }
  }

  get #setupSignal(): AbortSignal {
    return AbortSignal.any([this.#signal, this.#setup.signal]);
  }

  async #mount(): Promise<void> {
    const { pod } = this.#state;
    try {
      await this.#env.cgroups.ensure(podCgroup(pod), podLimits(pod));
      await this.#env.storage.mount(pod, { signal: this.#setupSignal });
      this.send({ type: 'volumesMounted' });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!this.#setupSignal.aborted) this.#event('Warning', 'FailedMount', message);
      this.send({ type: 'volumesFailed', message });
    }
  }

  async #sandboxConfig(attempt: number): Promise<SandboxConfig> {
    const { facts, storage } = this.#env;
    const dns = {
      clusterDns: facts.clusterDns,
      clusterDomain: facts.clusterDomain,
      node: parseResolvConf(await facts.resolvConf().catch(() => '')),
    };
    const { pod } = this.#state;
    const own = { attempt, cgroupParent: podCgroup(pod), dns, seccompDir: facts.seccompDir };
    return sandboxConfig(pod, { ...own, logDirectory: storage.logDirectory(pod) });
  }

  async #runSandbox({ attempt }: Of<'runSandbox'>): Promise<void> {
    const { runtime } = this.#env;
    const options = { signal: this.#setupSignal };
    try {
      const config = await this.#sandboxConfig(attempt);
      this.#sandbox = config;
      const id = await this.#makeSandbox(config, options);
      const { ips } = await runtime.podSandboxStatus(id, options);
      this.send({ type: 'sandboxReady', id, ips });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!this.#setupSignal.aborted) this.#event('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`);
      this.send({ type: 'sandboxFailed', message });
    }
  }

  async #makeSandbox(config: SandboxConfig, options: { signal: AbortSignal }): Promise<string> {
    using _slot = await this.#env.slots.acquire(options);
    return await this.#env.runtime.runPodSandbox(config, options);
  }

  async #dropSandbox({ id, keep }: Of<'dropSandbox'>): Promise<void> {
    const { runtime } = this.#env;
    this.#event('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    await this.#untilDone(
      async () => {
        await runtime.stopPodSandbox(id, { signal: this.#signal });
        const mine = (await runtime.listContainers({ signal: this.#signal })).filter((c) => c.sandboxId === id && !keep.includes(c.id));
        for (const container of mine) await runtime.removeContainer(container.id, { signal: this.#signal });
      },
      { type: 'sandboxDropped', id },
    );
  }

  async #start(effect: Of<'startContainer'>): Promise<void> {
    const spec = this.#specOf(effect.name);
    const { pod, sandbox } = this.#state;
    if (!spec) return this.send({ type: 'startFailed', name: effect.name, reason: 'CreateContainerError', message: 'no such container' });
    this.#sandbox ??= await this.#sandboxConfig(sandbox.attempt);
    const target = (spec as { targetContainerName?: string }).targetContainerName;
    const targetId = target ? liveOf(containerOf(this.#state, target).run)?.id : undefined;
    const request = { pod, spec, effect, sandbox: this.#sandbox, targetId, report: this.#report(effect.name) };
    for (const event of await startContainer(this.#env, request, this.#setupSignal)) {
      this.send(event);
      if (event.type === 'containerStarted' && this.#early.delete(event.id)) this.stopped(event.id);
    }
  }

  #target(spec: Container, containerId: string): ProbeTarget {
    const { sandbox, pod } = this.#state;
    const own = sandbox.at === 'ready' ? sandbox.ips[0] : undefined;
    const podIp = (pod.spec?.hostNetwork ? this.#env.facts.hostIps()[0] : own) ?? '127.0.0.1';
    return { containerId, ports: spec.ports ?? [], podIp };
  }

  async #postStart({ name, id }: Of<'runPostStart'>): Promise<void> {
    const spec = this.#specOf(name);
    const hook = spec?.lifecycle?.postStart;
    if (!spec || !hook) return this.send({ type: 'hookDone', name, id });
    try {
      await this.#env.prober.runHook(hook, this.#target(spec, id), { signal: this.#setupSignal });
      this.send({ type: 'hookDone', name, id });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!this.#setupSignal.aborted) this.#event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${message}`, name);
      this.send({ type: 'hookDone', name, id, error: message });
    }
  }

  async #stop({ name, id, graceSeconds, preStop, why }: Of<'stopContainer'>): Promise<void> {
    const spec = this.#specOf(name);
    if (!spec) return;
    this.#stops.get(id)?.abort();
    const own = new AbortController();
    this.#stops.set(id, own);
    if (preStop || graceSeconds === 0) this.#event('Normal', 'Killing', why, name);
    const { pod } = this.#state;
    const target = this.#target(spec, id);
    const request = { pod, spec, id, graceSeconds, preStop, target, report: this.#report(name) };
    const exit = await stopContainer(this.#env, request, AbortSignal.any([this.#signal, own.signal]));
    if (this.#stops.get(id) === own) this.#stops.delete(id);
    if (exit) this.send(exit);
  }

  async #readExit(spec: Container, id: string): Promise<void> {
    const target = { pod: this.#state.pod, spec, id, nowMs: this.#env.clock.now() };
    const exit = await readExit(this.#env, target, { signal: this.#signal });
    if (exit) this.send(exit);
  }

  #startProbes({ name, id }: Of<'startProbes'>): void {
    const spec = this.#specOf(name);
    const live = liveOf(containerOf(this.#state, name).run);
    if (!spec || !live) return;
    const work = this.#probes.start(
      {
        spec,
        live,
        target: this.#target(spec, id),
        isAdopted: this.#found.containers.some((c) => c.id === id),
        onResult: (kind, result) => this.send({ type: 'probed', name, id, kind, ok: result === 'success' }),
        event: this.#report(name),
      },
      this.#signal,
    );
    if (work) this.#track(work);
  }

  async #untilDone(work: () => Promise<void>, answer: PodEvent): Promise<void> {
    const delays = backoff({ firstMs: 500, maxMs: 10_000 });
    while (!this.#signal.aborted) {
      try {
        await work();
        return this.send(answer);
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#env.log.warn({ pod: this.#key, step: answer.type, error }, 'pod could not be cleaned up, trying again');
        await this.#env.clock.sleep(delays.next(), { signal: this.#signal }).catch(() => {});
      }
    }
  }

  async #release(): Promise<void> {
    const { runtime, storage, cgroups } = this.#env;
    const options = { signal: this.#signal };
    await stopSandboxes(runtime, this.uid, options);
    await storage.unmount(this.#state.pod, options);
    await cgroups.remove(podCgroup(this.#state.pod));
  }

  async #remove(): Promise<void> {
    const options = { signal: this.#signal };
    await removePod(this.#env.runtime, this.uid, options);
    await this.#env.storage.remove(this.#state.pod, options);
  }

  /** The last status comes first: controllers count on it (Jobs, for one). */
  async #finalise(): Promise<void> {
    await this.#writer.flush();
    const { pod } = this.#state;
    if (!isDeleting(this.#state)) return;
    const { name = '', namespace } = pod.metadata ?? {};
    const body = { gracePeriodSeconds: 0, preconditions: { uid: this.uid } };
    try {
      await this.#env.client.delete(pods, name, { namespace, signal: this.#signal, delete: body });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
