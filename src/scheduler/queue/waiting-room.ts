import { DEFAULT_SCHEDULER_NAME } from '../config/configuration.ts';
import type { QueuedPod } from './queued-pod.ts';

/** Unschedulable and gated pods, found by the plugins that refused them: an event costs the pods that it may concern, not all that wait. */
export class WaitingRoom {
  readonly #byPlugin = new Map<string, Set<QueuedPod>>();
  readonly #members = new Map<QueuedPod, readonly string[]>();
  /** The one that waits longest is first. Gated pods have no time. */
  readonly #timed = new Set<QueuedPod>();

  get size(): number {
    return this.#members.size;
  }

  get gated(): number {
    return this.#members.size - this.#timed.size;
  }

  counts(): { plugin: string; profile: string; pods: number }[] {
    const counts: { plugin: string; profile: string; pods: number }[] = [];
    for (const [plugin, pods] of this.#byPlugin) {
      const byProfile = Map.groupBy(pods, ({ info }) => info.pod.spec?.schedulerName ?? DEFAULT_SCHEDULER_NAME);
      for (const [profile, members] of byProfile) counts.push({ plugin, profile, pods: members.length });
    }
    return counts;
  }

  add(pod: QueuedPod): void {
    const plugins = pod.place === 'gated' ? [pod.gatedBy ?? ''] : [...pod.refusedBy];
    this.#members.set(pod, plugins);
    if (pod.place !== 'gated') this.#timed.add(pod);
    for (const plugin of plugins) {
      const pods = this.#byPlugin.get(plugin);
      if (pods) pods.add(pod);
      else this.#byPlugin.set(plugin, new Set([pod]));
    }
  }

  delete(pod: QueuedPod): boolean {
    const plugins = this.#members.get(pod);
    if (!plugins) return false;
    this.#members.delete(pod);
    this.#timed.delete(pod);
    for (const plugin of plugins) this.#byPlugin.get(plugin)?.delete(pod);
    return true;
  }

  /** As of now: pods may leave meanwhile. */
  refusedBy(plugin: string): readonly QueuedPod[] {
    return [...(this.#byPlugin.get(plugin) ?? [])];
  }

  oldest(): QueuedPod | undefined {
    for (const pod of this.#timed) return pod;
    return undefined;
  }
}
