import type { Node, Taint } from '../../api/schema/generated/types.ts';
import { quantityValue } from '../../base/quantity.ts';
import type { PodInfo } from './pod-info.ts';
import { Amounts } from './resources.ts';

/**
 * What filters and scores read of every node, side by side in one block of numbers: reading it from the objects costs a cache miss for each step of the
 * way, for each of thousands of nodes.
 */
export const Row = {
  freeCpu: 0,
  freeMemory: 1,
  freeStorage: 2,
  freePods: 3,
  cpu: 4,
  memory: 5,
  usedCpu: 6,
  usedMemory: 7,
  scoredCpu: 8,
  scoredMemory: 9,
};
export const ROW_LENGTH = 10;

/** Rows of many nodes. One that is given back is used again. */
export class RowTable {
  numbers = new Float64Array(64 * ROW_LENGTH);
  readonly #free: number[] = [];
  #used = 0;

  /** The first index of a row, and whether the block had to grow: then everybody has to look at `numbers` again. */
  take(): { readonly at: number; readonly hasGrown: boolean } {
    const again = this.#free.pop();
    if (again !== undefined) return { at: again, hasGrown: false };
    const at = this.#used;
    this.#used += ROW_LENGTH;
    const hasGrown = this.#used > this.numbers.length;
    if (hasGrown) {
      const grown = new Float64Array(this.numbers.length * 2);
      grown.set(this.numbers);
      this.numbers = grown;
    }
    return { at, hasGrown };
  }

  giveBack(at: number): void {
    this.#free.push(at);
  }
}

/** Rows of copies, taken in turn: a copy serves one dry run, which makes few. A block of its own for each would cost more than all else about it. */
const copies = new Float64Array(1024 * ROW_LENGTH);
let lastCopy = 0;

const isHard = ({ effect }: Taint) => effect !== 'PreferNoSchedule';

/**
 * A node and the sums over its pods, kept by difference: adding or removing a pod costs the pod, not the node. Plugins only read it; a dry run changes a
 * `clone`.
 */
export class NodeInfo {
  /** Where the node's numbers are: `numbers[at + Row.freeCpu]`. */
  numbers: Float64Array;
  readonly at: number;
  readonly name: string;
  isUnschedulable = false;
  /** Taints that keep pods away, and those that they only rather avoid. */
  hasHardTaints = false;
  hasSoftTaints = false;
  #node: Node;
  #allocatable = new Amounts();
  #allowedPods = 0;
  readonly #pods: Map<string, PodInfo>;
  readonly #requested: Amounts;
  readonly #scored: Amounts;
  #hostPortPods = 0;

  constructor(
    node: Node,
    { numbers, at }: { numbers: Float64Array; at: number } = { numbers: new Float64Array(ROW_LENGTH), at: 0 },
    like?: NodeInfo,
  ) {
    this.numbers = numbers;
    this.at = at;
    this.#node = node;
    this.name = node.metadata?.name ?? '';
    this.#pods = new Map(like ? like.#pods : []);
    this.#requested = like ? like.#requested.clone() : new Amounts();
    this.#scored = like ? like.#scored.clone() : new Amounts();
    if (like) {
      this.#allocatable = like.#allocatable;
      this.#allowedPods = like.#allowedPods;
      this.#hostPortPods = like.#hostPortPods;
      this.isUnschedulable = like.isUnschedulable;
      this.hasHardTaints = like.hasHardTaints;
      this.hasSoftTaints = like.hasSoftTaints;
    } else {
      this.#readAllocatable();
      this.#readSpec();
    }
    this.#write();
  }

  get node(): Node {
    return this.#node;
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
    this.#readSpec();
    this.#write();
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
    lastCopy = (lastCopy + ROW_LENGTH) % copies.length;
    return new NodeInfo(this.#node, { numbers: copies, at: lastCopy }, this);
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    this.#requested.add(pod.requests, sign);
    this.#scored.add(pod.scoreRequests, sign);
    if (pod.hostPorts.length > 0) this.#hostPortPods += sign;
    this.#write();
  }

  #write(): void {
    const { numbers, at } = this;
    const [has, used] = [this.#allocatable, this.#requested];
    numbers[at + Row.freeCpu] = has.milliCpu - used.milliCpu;
    numbers[at + Row.freeMemory] = has.memory - used.memory;
    numbers[at + Row.freeStorage] = has.ephemeralStorage - used.ephemeralStorage;
    numbers[at + Row.freePods] = this.#allowedPods - this.#pods.size;
    numbers[at + Row.cpu] = has.milliCpu;
    numbers[at + Row.memory] = has.memory;
    numbers[at + Row.usedCpu] = used.milliCpu;
    numbers[at + Row.usedMemory] = used.memory;
    numbers[at + Row.scoredCpu] = this.#scored.milliCpu;
    numbers[at + Row.scoredMemory] = this.#scored.memory;
  }

  #readAllocatable(): void {
    const list = this.#node.status?.allocatable ?? this.#node.status?.capacity;
    this.#allocatable = Amounts.of(list);
    this.#allowedPods = quantityValue(list?.pods ?? '0');
  }

  #readSpec(): void {
    const { unschedulable, taints } = this.#node.spec ?? {};
    this.isUnschedulable = unschedulable === true;
    this.hasHardTaints = taints?.some(isHard) ?? false;
    this.hasSoftTaints = taints?.some((taint) => !isHard(taint)) ?? false;
  }
}
