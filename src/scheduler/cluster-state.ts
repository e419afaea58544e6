import { objectKey } from '../api/meta/object.ts';
import type { Node, Pod } from '../api/schema/generated/types.ts';
import type { NodeView } from './framework.ts';
import { NodeState } from './node-state.ts';

/** A pod that has ended holds nothing of its node any more. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/**
 * The nodes and what runs on them, as informers tell it, plus what the scheduler has decided but not yet seen confirmed. A pod may be known before its
 * node: it is counted as soon as the node is there.
 */
export class ClusterState {
  readonly #nodes = new Map<string, NodeState>();
  readonly #placedOn = new Map<string, string>();
  readonly #strays = new Map<string, Map<string, Pod>>();
  #views: NodeView[] | undefined;

  get nodeCount(): number {
    return this.#nodes.size;
  }

  setNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    const known = this.#nodes.get(name);
    if (known) known.update(node);
    else this.#nodes.set(name, new NodeState(node));
    this.#views = undefined;
    const strays = this.#strays.get(name);
    this.#strays.delete(name);
    for (const pod of strays?.values() ?? []) this.#nodes.get(name)?.place(pod);
  }

  removeNode(name: string): void {
    const state = this.#nodes.get(name);
    if (!state) return;
    this.#nodes.delete(name);
    this.#views = undefined;
    for (const { pod } of state.pods()) this.#stray(name, pod);
  }

  /** Counts the pod on its node (`spec.nodeName`, or `node` while it is only assumed). */
  place(pod: Pod, node = pod.spec?.nodeName ?? ''): void {
    const key = objectKey(pod);
    if (this.#placedOn.has(key) && this.#placedOn.get(key) !== node) this.remove(key);
    this.#placedOn.set(key, node);
    const state = this.#nodes.get(node);
    if (state) state.place(pod);
    else this.#stray(node, pod);
  }

  /** True when the pod was counted somewhere. */
  remove(key: string): boolean {
    const node = this.#placedOn.get(key);
    if (node === undefined) return false;
    this.#placedOn.delete(key);
    this.#nodes.get(node)?.remove(key);
    this.#strays.get(node)?.delete(key);
    return true;
  }

  views(): readonly NodeView[] {
    this.#views ??= [...this.#nodes.values()].map((state) => ({ state, node: state.node }));
    return this.#views;
  }

  #stray(node: string, pod: Pod): void {
    const strays = this.#strays.get(node) ?? new Map<string, Pod>();
    strays.set(objectKey(pod), pod);
    this.#strays.set(node, strays);
  }
}
