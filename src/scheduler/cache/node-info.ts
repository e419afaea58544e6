import type { Node } from '../../api/schema/generated/types.ts';
import { quantityValue } from '../../base/quantity.ts';
import type { PodInfo } from './pod-info.ts';
import { Amounts } from './resources.ts';

/**
 * A node and the sums over its pods, kept by difference: adding or removing a pod costs the pod, not the node. Plugins only read it; a dry run changes a
 * `clone`.
 */
export class NodeInfo {
  #node: Node;
  #allocatable = new Amounts();
  #allowedPods = 0;
  readonly #pods: Map<string, PodInfo>;
  readonly #requested: Amounts;
  readonly #scored: Amounts;
  #hostPortPods = 0;

  constructor(node: Node, like?: NodeInfo) {
    this.#node = node;
    this.#pods = new Map(like ? like.#pods : []);
    this.#requested = like ? like.#requested.clone() : new Amounts();
    this.#scored = like ? like.#scored.clone() : new Amounts();
    if (like) {
      this.#allocatable = like.#allocatable;
      this.#allowedPods = like.#allowedPods;
      this.#hostPortPods = like.#hostPortPods;
    } else this.#readAllocatable();
  }

  get node(): Node {
    return this.#node;
  }
  get name(): string {
    return this.#node.metadata?.name ?? '';
  }
  get labels(): Readonly<Record<string, string>> | undefined {
    return this.#node.metadata?.labels;
  }
  get allocatable(): Amounts {
    return this.#allocatable;
  }
  /** How many pods the node takes. */
  get allowedPods(): number {
    return this.#allowedPods;
  }
  get requested(): Amounts {
    return this.#requested;
  }
  /** Requests with upstream's stand-in for containers that ask for nothing: for scores only. */
  get scored(): Amounts {
    return this.#scored;
  }
  get podCount(): number {
    return this.#pods.size;
  }
  /** False: no pod here takes a port of the node. */
  get hasHostPorts(): boolean {
    return this.#hostPortPods > 0;
  }
  pods(): IterableIterator<PodInfo> {
    return this.#pods.values();
  }
  pod(key: string): PodInfo | undefined {
    return this.#pods.get(key);
  }

  update(node: Node): void {
    const before = this.#node;
    this.#node = node;
    if (node.status?.allocatable !== before.status?.allocatable || node.status?.capacity !== before.status?.capacity)
      this.#readAllocatable();
  }

  /** Adds a pod, or replaces what was known of it. */
  add(pod: PodInfo): void {
    this.remove(pod.key);
    this.#pods.set(pod.key, pod);
    this.#count(pod, 1);
  }

  remove(key: string): PodInfo | undefined {
    const pod = this.#pods.get(key);
    if (!pod) return undefined;
    this.#pods.delete(key);
    this.#count(pod, -1);
    return pod;
  }

  /** The same node and pods, to be changed on its own. */
  clone(): NodeInfo {
    return new NodeInfo(this.#node, this);
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    this.#requested.add(pod.requests, sign);
    this.#scored.add(pod.scoreRequests, sign);
    if (pod.hostPorts.length > 0) this.#hostPortPods += sign;
  }

  #readAllocatable(): void {
    const list = this.#node.status?.allocatable ?? this.#node.status?.capacity;
    this.#allocatable = Amounts.of(list);
    this.#allowedPods = quantityValue(list?.pods ?? '0');
  }
}
