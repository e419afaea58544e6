import type { NodeInfo } from './node-info.ts';

type Labels = Readonly<Record<string, string>> | undefined;

function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/** How many of something there are on each node, and in each domain of the topologies that somebody asked for. Kept by difference. */
export class NodeCounts {
  readonly #byNode = new Map<NodeInfo, number>();
  readonly #byTopology = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#byNode.size === 0;
  }

  add(node: NodeInfo, by: number): void {
    bump(this.#byNode, node, by);
    for (const [key, counts] of this.#byTopology) {
      const domain = node.labels?.[key];
      if (domain !== undefined) bump(counts, domain, by);
    }
  }

  /** The labels of the node were others before. */
  relabel(node: NodeInfo, before: Labels): void {
    const count = this.#byNode.get(node);
    if (!count) return;
    for (const [key, counts] of this.#byTopology) {
      const [was, is] = [before?.[key], node.labels?.[key]];
      if (was === is) continue;
      if (was !== undefined) bump(counts, was, -count);
      if (is !== undefined) bump(counts, is, count);
    }
  }

  on(node: NodeInfo): number {
    return this.#byNode.get(node) ?? 0;
  }

  /** By the value of the label `topologyKey`; domains without any are left out, and so are nodes without the label. */
  domains(topologyKey: string): ReadonlyMap<string, number> {
    const known = this.#byTopology.get(topologyKey);
    if (known) return known;
    const counts = new Map<string, number>();
    for (const [node, count] of this.#byNode) {
      const domain = node.labels?.[topologyKey];
      if (domain !== undefined) bump(counts, domain, count);
    }
    this.#byTopology.set(topologyKey, counts);
    return counts;
  }
}
