import { pods } from '../../api/index.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import { backoff } from '../../base/backoff.ts';
import type { SandboxConfig } from '../../runtime/runtime.ts';
import { parseResolvConf } from './config/dns-plan.ts';
import { podCgroup, podLimits } from './config/resources-plan.ts';
import { sandboxConfig } from './config/sandbox-config.ts';
import type { EffectOf, PodContext } from './pod-context.ts';
import { isDeleting, type PodEvent } from './pod-state-plan.ts';
import { ResourceError } from './ports.ts';
import { removePod, stopSandboxes } from './runtime-view.ts';

/** Carries out the effects on what a pod's containers share: cgroup, volumes, sandbox; and clears them away. Answers the machine by events. */
export class SandboxWork {
  readonly #pod: PodContext;
  #config: SandboxConfig | undefined;

  constructor(pod: PodContext) {
    this.#pod = pod;
  }

  /** The config that the sandbox was made with; after a restart of the agent made anew. */
  async config(): Promise<SandboxConfig> {
    this.#config ??= await this.#makeConfig(this.#pod.state().sandbox.attempt);
    return this.#config;
  }

  async mount(): Promise<void> {
    const { env, setupSignal, send, event } = this.#pod;
    const { pod } = this.#pod.state();
    try {
      await env.cgroups.ensure(podCgroup(pod), podLimits(pod));
      await env.storage.mount(pod, { signal: setupSignal });
      send({ type: 'volumesMounted' });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const reason = error instanceof ResourceError ? 'FailedPrepareDynamicResources' : 'FailedMount';
      if (!setupSignal.aborted) event('Warning', reason, message);
      send({ type: 'volumesFailed', message });
    }
  }

  async run({ attempt }: EffectOf<'runSandbox'>): Promise<void> {
    const { env, setupSignal, send, event } = this.#pod;
    const options = { signal: setupSignal };
    try {
      const config = await this.#makeConfig(attempt);
      this.#config = config;
      const id = await this.#make(config, options);
      const { ips } = await env.runtime.podSandboxStatus(id, options);
      send({ type: 'sandboxReady', id, ips });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!setupSignal.aborted) event('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`);
      send({ type: 'sandboxFailed', message });
    }
  }

  async drop({ id, keep }: EffectOf<'dropSandbox'>): Promise<void> {
    const { env, signal, event } = this.#pod;
    const { runtime } = env;
    event('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    await this.#untilDone(
      async () => {
        await runtime.stopPodSandbox(id, { signal });
        const mine = (await runtime.listContainers({ signal })).filter((c) => c.sandboxId === id && !keep.includes(c.id));
        for (const container of mine) await runtime.removeContainer(container.id, { signal });
      },
      { type: 'sandboxDropped', id },
    );
  }

  release(): Promise<void> {
    const { env, signal } = this.#pod;
    const work = async () => {
      const { pod, uid } = this.#subject();
      await stopSandboxes(env.runtime, uid, { signal });
      await env.storage.unmount(pod, { signal });
      await env.cgroups.remove(podCgroup(pod));
    };
    return this.#untilDone(work, { type: 'released' });
  }

  remove(): Promise<void> {
    const { env, signal } = this.#pod;
    const work = async () => {
      const { pod, uid } = this.#subject();
      await removePod(env.runtime, uid, { signal });
      await env.storage.remove(pod, { signal });
    };
    return this.#untilDone(work, { type: 'removed' });
  }

  /** Lets the API forget a deleted pod. The last status comes first: controllers count on it (Jobs, for one). */
  finalise(flushStatus: () => Promise<void>): Promise<void> {
    const { env, signal } = this.#pod;
    const work = async () => {
      await flushStatus();
      if (!isDeleting(this.#pod.state())) return;
      const { pod, uid } = this.#subject();
      const { name = '', namespace } = pod.metadata ?? {};
      try {
        await env.client.delete(pods, name, { namespace, signal, delete: { gracePeriodSeconds: 0, preconditions: { uid } } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    };
    return this.#untilDone(work, { type: 'finalised' });
  }

  #subject() {
    const { pod } = this.#pod.state();
    return { pod, uid: pod.metadata?.uid ?? '' };
  }

  async #makeConfig(attempt: number): Promise<SandboxConfig> {
    const { facts, storage } = this.#pod.env;
    const dns = {
      clusterDns: facts.clusterDns,
      clusterDomain: facts.clusterDomain,
      node: parseResolvConf(await facts.resolvConf().catch(() => '')),
    };
    const { pod } = this.#pod.state();
    const own = { attempt, cgroupParent: podCgroup(pod), dns, seccompDir: facts.seccompDir };
    return sandboxConfig(pod, { ...own, logDirectory: storage.logDirectory(pod) });
  }

  async #make(config: SandboxConfig, options: { signal: AbortSignal }): Promise<string> {
    const { slots, runtime } = this.#pod.env;
    using _slot = await slots.acquire(options);
    return await runtime.runPodSandbox(config, options);
  }

  async #untilDone(work: () => Promise<void>, answer: PodEvent): Promise<void> {
    const { env, signal, send } = this.#pod;
    const delays = backoff({ firstMs: 500, maxMs: 10_000 });
    while (!signal.aborted) {
      try {
        await work();
        return send(answer);
      } catch (error) {
        if (signal.aborted) return;
        const { namespace, name } = this.#subject().pod.metadata ?? {};
        env.log.warn({ pod: `${namespace}/${name}`, step: answer.type, error }, 'pod could not be cleaned up, trying again');
        await env.clock.sleep(delays.next(), { signal }).catch(() => {});
      }
    }
  }
}
