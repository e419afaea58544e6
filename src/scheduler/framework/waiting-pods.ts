import type { Clock } from '../../base/clock.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { type Refusal, refusal } from './refusal.ts';

/** A pod whose binding is held up by permit plugins. */
export interface WaitingPod {
  readonly info: PodInfo;
  readonly nodeName: string;
  /** The plugins that have not allowed it yet. */
  readonly pending: ReadonlySet<string>;
  /** It is bound once every plugin that waits has allowed it. */
  allow(plugin: string): void;
  reject(plugin: string, message: string): void;
}

/** Pods between permit and preBind (Kubernetes: "Scheduling Framework", Permit). */
export class WaitingPods {
  readonly #clock: Clock;
  readonly #pods = new Map<string, WaitingPod>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): WaitingPod | undefined {
    return this.#pods.get(key);
  }
  all(): Iterable<WaitingPod> {
    return this.#pods.values();
  }

  /** Holds the pod up for each plugin until that allows it; a plugin whose time is over has rejected it. Resolves with the rejection. */
  async hold(
    info: PodInfo,
    nodeName: string,
    waits: ReadonlyMap<string, number>,
    { signal }: { signal: AbortSignal },
  ): Promise<Refusal | undefined> {
    const outcome = Promise.withResolvers<Refusal | undefined>();
    const pending = new Set(waits.keys());
    const reject = (plugin: string, message: string) => outcome.resolve(refusal(plugin, 'Unschedulable', message));
    const timers = [...waits].map(([plugin, ms]) =>
      this.#clock.timer(ms, () => reject(plugin, `rejected due to timeout after waiting ${ms / 1000}s at plugin ${plugin}`)),
    );
    const onAbort = () => outcome.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const allow = (plugin: string) => {
      pending.delete(plugin);
      if (pending.size === 0) outcome.resolve(undefined);
    };
    this.#pods.set(info.key, { info, nodeName, pending, allow, reject });
    try {
      return await outcome.promise;
    } finally {
      this.#pods.delete(info.key);
      for (const timer of timers) timer[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
    }
  }
}
