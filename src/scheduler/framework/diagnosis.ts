import type { NodeInfo } from '../cache/node-info.ts';
import type { Refusal } from './refusal.ts';

/** Why a pod found no node: what each node was refused for. */
export class Diagnosis {
  readonly #nodes: NodeInfo[] = [];
  readonly #refusals: Refusal[] = [];
  /** Of every node that is not named: those that preFilter left out. */
  rest: Refusal | undefined = undefined;
  /** preFilter refused the pod itself. */
  preFilterMessage = '';
  postFilterMessage = '';
  /** The plugins that refused, in preEnqueue, preFilter or filter: events wake the pod by them. */
  readonly plugins = new Set<string>();

  refuse(node: NodeInfo, refusal: Refusal): void {
    this.#nodes.push(node);
    this.#refusals.push(refusal);
    this.plugins.add(refusal.plugin);
  }

  /** How many nodes were refused by name. */
  get size(): number {
    return this.#nodes.length;
  }

  *entries(): IterableIterator<readonly [NodeInfo, Refusal]> {
    for (const [i, node] of this.#nodes.entries()) yield [node, this.#refusals[i] as Refusal];
  }

  refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  refusalOf(nodeName: string): Refusal | undefined {
    const at = this.#nodes.findIndex(({ name }) => name === nodeName);
    return at < 0 ? this.rest : this.#refusals[at];
  }
}
