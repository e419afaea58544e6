import type { NodeInfo } from '../cache/node-info.ts';
import type { Copyable } from '../framework/cycle-state.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** Pods that count for a term, by the value of a node label. */
export interface CountedTerm {
  readonly topologyKey: string;
  readonly domains: ReadonlyMap<string, number>;
}

/** Counts that follow the cluster, and what a dry run adds to them. */
class Counted {
  readonly #term: CountedTerm;
  readonly #changes: Map<string, number>;

  constructor(term: CountedTerm, changes = new Map<string, number>()) {
    this.#term = term;
    this.#changes = changes;
  }

  get topologyKey(): string {
    return this.#term.topologyKey;
  }

  in(domain: string): number {
    const count = this.#term.domains.get(domain) ?? 0;
    return this.#changes.size === 0 ? count : count + (this.#changes.get(domain) ?? 0);
  }

  get isEmpty(): boolean {
    if (this.#changes.size === 0) return this.#term.domains.size === 0;
    return [...this.#term.domains.keys(), ...this.#changes.keys()].every((domain) => this.in(domain) <= 0);
  }

  change(labels: Labels, by: number): void {
    const domain = labels?.[this.topologyKey];
    if (domain !== undefined) this.#changes.set(domain, (this.#changes.get(domain) ?? 0) + by);
  }

  clone(): Counted {
    return new Counted(this.#term, new Map(this.#changes));
  }
}

export interface AffinityCountsOptions {
  /** Owners of required anti-affinity terms that mean the pod. */
  readonly existing: readonly CountedTerm[];
  /** For each required affinity term the pods that all of them mean. */
  readonly near: readonly CountedTerm[];
  /** For each required anti-affinity term the pods that it means. */
  readonly apart: readonly CountedTerm[];
  /** The pod's required affinity terms mean the pod itself. */
  readonly meansItself: boolean;
}

interface Parts {
  readonly existing: Counted[];
  readonly near: readonly Counted[];
  readonly apart: readonly Counted[];
  readonly meansItself: boolean;
}

/** What required pod affinity asks of a node, for one pod that looks for one. */
export class AffinityCounts implements Copyable {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static of({ existing, near, apart, meansItself }: AffinityCountsOptions): AffinityCounts {
    const counted = (terms: readonly CountedTerm[]) => terms.map((term) => new Counted(term));
    return new AffinityCounts({ existing: counted(existing), near: counted(near), apart: counted(apart), meansItself });
  }

  clone(): AffinityCounts {
    const copy = (counted: readonly Counted[]) => counted.map((each) => each.clone());
    const { existing, near, apart, meansItself } = this.#parts;
    return new AffinityCounts({ existing: copy(existing), near: copy(near), apart: copy(apart), meansItself });
  }

  /** Every affinity term has a pod in the node's domain; or nobody is meant anywhere but the pod itself, which then is the first of its kind. */
  isNearEnough(labels: Labels): boolean {
    const { near, meansItself } = this.#parts;
    let isAlone = false;
    for (const counted of near) {
      const domain = labels?.[counted.topologyKey];
      if (domain === undefined) return false;
      if (counted.in(domain) <= 0) isAlone = true;
    }
    return !isAlone || (meansItself && near.every((counted) => counted.isEmpty));
  }

  /** No anti-affinity term has a pod in the node's domain. */
  isFarEnough(labels: Labels): boolean {
    return this.#parts.apart.every((counted) => isFree(counted, labels));
  }

  /** No pod in the node's domains keeps this one away. */
  isWelcome(labels: Labels): boolean {
    return this.#parts.existing.every((counted) => isFree(counted, labels));
  }

  /** A pod with an anti-affinity term that means this pod comes to the node, or leaves it. */
  changeExisting(topologyKey: string, { labels }: NodeInfo, by: 1 | -1): void {
    // Several terms with one key are one: they forbid together. What leaves is counted among those that were there.
    const { existing } = this.#parts;
    const domain = labels?.[topologyKey];
    if (domain === undefined) return;
    const fitting = existing.filter((counted) => counted.topologyKey === topologyKey);
    let counted = by === -1 ? fitting.find((each) => each.in(domain) > 0) : fitting[0];
    if (!counted) {
      counted = new Counted({ topologyKey, domains: new Map() });
      existing.push(counted);
    }
    counted.change(labels, by);
  }

  /** A pod that all required affinity terms mean comes to the node, or leaves it. */
  changeNear({ labels }: NodeInfo, by: 1 | -1): void {
    for (const counted of this.#parts.near) counted.change(labels, by);
  }

  /** A pod that the anti-affinity term at this index means comes to the node, or leaves it. */
  changeApart(index: number, { labels }: NodeInfo, by: 1 | -1): void {
    this.#parts.apart[index]?.change(labels, by);
  }
}

function isFree(counted: Counted, labels: Labels): boolean {
  const domain = labels?.[counted.topologyKey];
  return domain === undefined || counted.in(domain) <= 0;
}
