import type { Container } from '../../api/schema/generated/types.ts';
import type { SandboxConfig } from '../../runtime/runtime.ts';
import type { ProbeTarget } from '../probes/probe-target.ts';
import { containersOf, liveOf } from './container-machine.ts';
import { ContainerProbes } from './container-probes.ts';
import { startContainer } from './container-starter.ts';
import { stopContainer } from './container-stopper.ts';
import { readExit } from './exits.ts';
import type { EffectOf, PodContext } from './pod-context.ts';
import { containerOf } from './pod-state-plan.ts';
import type { FoundPod } from './runtime-view.ts';

/** Carries out the effects on a pod's containers: start, hooks, probes, stop, and reading how they ended. Answers the machine by events. */
export class ContainerWork {
  readonly #pod: PodContext;
  readonly #found: FoundPod;
  readonly #probes: ContainerProbes;
  readonly #stops = new Map<string, AbortController>();
  /** Ends that were heard of before the start was known; read as soon as it is. */
  readonly #early = new Set<string>();

  /** `found`: what an earlier agent left running. */
  constructor(pod: PodContext, found: FoundPod) {
    this.#pod = pod;
    this.#found = found;
    this.#probes = new ContainerProbes(pod.env);
  }

  async start(effect: EffectOf<'startContainer'>, sandboxConfig: () => Promise<SandboxConfig>): Promise<void> {
    const { env, send, setupSignal, pulled } = this.#pod;
    const { pod } = this.#pod.state();
    const spec = this.#specOf(effect.name);
    if (!spec) return send({ type: 'startFailed', name: effect.name, reason: 'CreateContainerError', message: 'no such container' });
    const sandbox = await sandboxConfig();
    const target = (spec as { targetContainerName?: string }).targetContainerName;
    const targetId = target ? liveOf(containerOf(this.#pod.state(), target).run)?.id : undefined;
    const request = { pod, spec, effect, sandbox, targetId, pulled, report: this.#report(effect.name) };
    const reads: Promise<void>[] = [];
    for (const event of await startContainer(env, request, setupSignal)) {
      send(event);
      if (event.type === 'containerStarted' && this.#early.delete(event.id)) reads.push(this.stopped(event.id));
    }
    await Promise.all(reads);
  }

  async postStart({ name, id }: EffectOf<'runPostStart'>): Promise<void> {
    const { env, send, event, setupSignal } = this.#pod;
    const spec = this.#specOf(name);
    const hook = spec?.lifecycle?.postStart;
    if (!spec || !hook) return send({ type: 'hookDone', name, id });
    try {
      await env.prober.runHook(hook, this.#target(spec, id), { signal: setupSignal });
      send({ type: 'hookDone', name, id });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!setupSignal.aborted) event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${message}`, name);
      send({ type: 'hookDone', name, id, error: message });
    }
  }

  async stop({ name, id, graceSeconds, preStop, why }: EffectOf<'stopContainer'>): Promise<void> {
    const { env, signal, send, event } = this.#pod;
    const spec = this.#specOf(name);
    if (!spec) return;
    this.#stops.get(id)?.abort();
    const own = new AbortController();
    this.#stops.set(id, own);
    if (preStop || graceSeconds === 0) event('Normal', 'Killing', why, name);
    const { pod } = this.#pod.state();
    const request = { pod, spec, id, graceSeconds, preStop, target: this.#target(spec, id), report: this.#report(name) };
    const exit = await stopContainer(env, request, AbortSignal.any([signal, own.signal]));
    if (this.#stops.get(id) === own) this.#stops.delete(id);
    if (exit) send(exit);
  }

  /** The runtime says that a container stopped: tells the machine how it ended. */
  async stopped(id: string): Promise<void> {
    const { env, signal, send } = this.#pod;
    const state = this.#pod.state();
    const found = Object.entries(state.containers).find(([, c]) => liveOf(c.run)?.id === id);
    const spec = found && this.#specOf(found[0]);
    if (!spec) {
      this.#early.add(id);
      return;
    }
    const exit = await readExit(env, { pod: state.pod, spec, id, nowMs: env.clock.now() }, { signal });
    if (exit) send(exit);
  }

  /** Until the probes are stopped; undefined when there is nothing to do. */
  startProbes({ name, id }: EffectOf<'startProbes'>): Promise<void> | undefined {
    const { env, send, signal } = this.#pod;
    const spec = this.#specOf(name);
    const live = liveOf(containerOf(this.#pod.state(), name).run);
    if (!spec || !live) return undefined;
    return this.#probes.start(
      {
        spec,
        live,
        target: this.#target(spec, id),
        isAdopted: this.#found.containers.some((c) => c.id === id),
        onResult: (kind, result) => send({ type: 'probed', name, id, kind, ok: result === 'success' }),
        onAnswer: (kind, outcome) => env.probed?.(this.#pod.state().pod, name, kind, outcome),
        event: this.#report(name),
      },
      signal,
    );
  }

  stopProbes({ name, kinds }: EffectOf<'stopProbes'>): void {
    this.#probes.stop(name, kinds);
  }

  stopAllProbes(): void {
    this.#probes.stopAll();
  }

  #specOf(name: string): Container | undefined {
    return containersOf(this.#pod.state().pod).find((c) => c.spec.name === name)?.spec;
  }

  #report(container: string) {
    return (type: 'Normal' | 'Warning', reason: string, message: string) => this.#pod.event(type, reason, message, container);
  }

  #target(spec: Container, containerId: string): ProbeTarget {
    const { sandbox, pod } = this.#pod.state();
    const own = sandbox.at === 'ready' ? sandbox.ips[0] : undefined;
    const podIp = (pod.spec?.hostNetwork ? this.#pod.env.facts.hostIps()[0] : own) ?? '127.0.0.1';
    return { containerId, ports: spec.ports ?? [], podIp };
  }
}
