import type { PodInfo } from '../cache/pod-info.ts';

/**
 * Pods that wait for room on a node where pods were asked to leave for them: later decisions count them there (Kubernetes: "Pod Priority and
 * Preemption").
 */
export class Nominator {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();

  get isEmpty(): boolean {
    return this.#nodeOf.size === 0;
  }

  /** '' takes the nomination away. */
  nominate(pod: PodInfo, nodeName: string): void {
    this.forget(pod.key);
    if (!nodeName) return;
    this.#nodeOf.set(pod.key, nodeName);
    const pods = this.#byNode.get(nodeName);
    if (pods) pods.set(pod.key, pod);
    else this.#byNode.set(nodeName, new Map([[pod.key, pod]]));
  }

  forget(key: string): void {
    const nodeName = this.#nodeOf.get(key);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(key);
    const pods = this.#byNode.get(nodeName);
    pods?.delete(key);
    if (pods?.size === 0) this.#byNode.delete(nodeName);
  }

  nodeOf(key: string): string | undefined {
    return this.#nodeOf.get(key);
  }

  /** Undefined when there are none. */
  on(nodeName: string): Iterable<PodInfo> | undefined {
    return this.#byNode.get(nodeName)?.values();
  }
}
