import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { ImageSpread } from './image-spread.ts';
import { NodeInfo, RowTable } from './node-info.ts';
import { Placements } from './placements.ts';
import { PodInfo, podKey } from './pod-info.ts';
import type { Snapshot } from './snapshot.ts';
import { inZoneOrder, zoneOf } from './zone-order-plan.ts';

interface Placed {
  readonly info: PodInfo;
  readonly node: string;
  /** Decided here and not yet seen in the API. */
  assumed: boolean;
}

/** A pod that has ended holds nothing of its node any more. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/**
 * The nodes and what runs on them, as informers tell it, plus what the scheduler has decided but not yet seen confirmed. A pod may be known before its
 * node: it is counted as soon as the node is there. Pods are known by uid.
 */
export class SchedulerCache implements Snapshot {
  readonly images = new ImageSpread();
  readonly placements = new Placements();
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #rows = new RowTable();
  readonly #placed = new Map<string, Placed>();
  readonly #strays = new Map<string, Map<string, PodInfo>>();
  readonly #claims = new Map<string, number>();
  #order: readonly NodeInfo[] | undefined;

  get nodeCount(): number {
    return this.#nodes.size;
  }
  /** Pods that have a node, and those of them that the API does not know of yet. */
  get podCounts(): { readonly pods: number; readonly assumed: number } {
    let assumed = 0;
    for (const placed of this.#placed.values()) if (placed.assumed) assumed += 1;
    return { pods: this.#placed.size, assumed };
  }
  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }
  nodes(): readonly NodeInfo[] {
    this.#order ??= inZoneOrder(this.#nodes.values(), ({ node }) => zoneOf(node));
    return this.#order;
  }
  isClaimUsed(claim: string): boolean {
    return this.#claims.has(claim);
  }

  setNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    const known = this.#nodes.get(name);
    this.images.set(node);
    if (known) {
      if (zoneOf(known.node) !== zoneOf(node)) this.#order = undefined;
      const before = known.labels;
      known.update(node);
      this.placements.nodeChanged(known, before);
      return;
    }
    const info = this.#newNode(node);
    this.#nodes.set(name, info);
    this.#order = undefined;
    this.placements.nodeAdded(info);
    const strays = this.#strays.get(name);
    this.#strays.delete(name);
    for (const pod of strays?.values() ?? []) this.#put(pod, name);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    for (const pod of [...info.pods()]) {
      this.#take(pod.key, name);
      this.#stray(name, pod);
    }
    this.#nodes.delete(name);
    this.#rows.giveBack(info.at);
    this.#order = undefined;
    this.images.remove(name);
    this.placements.nodeRemoved(info);
  }

  /** Counts the pod on the node before the API says so; `confirm` or `forget` follows. */
  assume(info: PodInfo, node: string): void {
    this.#place(info, node, true);
  }

  /** The binding failed. A pod that the API has shown on a node meanwhile stays there. */
  forget(key: string): void {
    if (this.#placed.get(key)?.assumed) this.remove(key);
  }

  /** The API says that the pod is on its node. */
  confirm(pod: Pod): void {
    const node = pod.spec?.nodeName ?? '';
    const known = this.#placed.get(podKey(pod));
    if (known?.node === node && known.info.renew(pod)) known.assumed = false;
    else this.#place(new PodInfo(pod), node, false);
  }

  isAssumed(key: string): boolean {
    return this.#placed.get(key)?.assumed === true;
  }

  /** True when the pod was counted somewhere. */
  remove(key: string): boolean {
    const placed = this.#placed.get(key);
    if (!placed) return false;
    this.#placed.delete(key);
    this.#countClaims(placed.info.pod, -1);
    if (!this.#take(key, placed.node)) this.#strays.get(placed.node)?.delete(key);
    return true;
  }

  #newNode(node: Node): NodeInfo {
    const { at, hasGrown } = this.#rows.take();
    const { numbers } = this.#rows;
    if (hasGrown) for (const known of this.#nodes.values()) known.numbers = numbers;
    return new NodeInfo(node, { numbers, at });
  }

  #place(info: PodInfo, node: string, assumed: boolean): void {
    this.remove(info.key);
    this.#placed.set(info.key, { info, node, assumed });
    this.#countClaims(info.pod, 1);
    this.#put(info, node);
  }

  #put(info: PodInfo, name: string): void {
    const node = this.#nodes.get(name);
    if (node) {
      node.add(info);
      this.placements.podAdded(info, node);
    } else this.#stray(name, info);
  }

  #take(key: string, name: string): boolean {
    const node = this.#nodes.get(name);
    const info = node?.remove(key);
    if (!node || !info) return false;
    this.placements.podRemoved(info, node);
    return true;
  }

  #stray(node: string, info: PodInfo): void {
    const strays = this.#strays.get(node) ?? new Map<string, PodInfo>();
    this.#strays.set(node, strays.set(info.key, info));
  }

  #countClaims({ metadata, spec }: Pod, sign: 1 | -1): void {
    for (const { persistentVolumeClaim } of spec?.volumes ?? []) {
      if (!persistentVolumeClaim) continue;
      const claim = `${metadata?.namespace}/${persistentVolumeClaim.claimName}`;
      const count = (this.#claims.get(claim) ?? 0) + sign;
      if (count > 0) this.#claims.set(claim, count);
      else this.#claims.delete(claim);
    }
  }
}
