import type { LabelMatcher } from '../../api/meta/selectors.ts';
import { type AffinityTerm, termSelects } from './affinity-term.ts';
import { NodeCounts } from './node-counts.ts';
import type { NodeInfo } from './node-info.ts';
import type { AffinityTerms, PodInfo } from './pod-info.ts';

type Labels = Readonly<Record<string, string>> | undefined;
export type TermKind = keyof AffinityTerms;

const TERM_KINDS: readonly TermKind[] = ['required', 'requiredAnti', 'preferred', 'preferredAnti'];
/** Groups are kept up with every pod that comes and goes: those that nobody asked for lately are dropped beyond this number. */
const MAX_GROUPS = 512;

/** Which placed pods are counted together. Equal identities must mean the same pods. */
export interface GroupQuery {
  readonly identity: string;
  readonly namespaces: ReadonlySet<string>;
  readonly selects: LabelMatcher;
  /** Pods that are being deleted do not count. */
  readonly ignoresTerminating: boolean;
}

interface Group {
  readonly query: GroupQuery;
  readonly counts: NodeCounts;
}

/** Placed pods that have the same term. */
export interface TermOwners {
  readonly term: AffinityTerm;
  readonly counts: NodeCounts;
}

/** The values of one node label and how many nodes have each. */
export interface Topology {
  readonly domains: ReadonlyMap<string, number>;
  /** How many nodes have the label. */
  readonly nodeCount: number;
}

class TopologyIndex implements Topology {
  readonly domains = new Map<string, number>();
  nodeCount = 0;

  count(value: string | undefined, by: 1 | -1): void {
    if (value === undefined) return;
    this.nodeCount += by;
    const nodes = (this.domains.get(value) ?? 0) + by;
    if (nodes === 0) this.domains.delete(value);
    else this.domains.set(value, nodes);
  }
}

const isCounted = ({ namespaces, selects, ignoresTerminating }: GroupQuery, { pod, namespace }: PodInfo): boolean =>
  namespaces.has(namespace) && !(ignoresTerminating && pod.metadata?.deletionTimestamp) && selects(pod.metadata?.labels);

/**
 * Answers what pod affinity and topology spread ask of all placed pods, without looking at them: who matches a selector, and whose terms mean a pod, both
 * by topology domain. A question that is new costs a walk over the pods; from then on its answer is kept up as pods come and go.
 */
export class Placements {
  readonly #nodes = new Set<NodeInfo>();
  readonly #topologies = new Map<string, TopologyIndex>();
  /** The group asked for longest ago is first. */
  readonly #groups = new Map<string, Group>();
  readonly #owners: Readonly<Record<TermKind, Map<string, TermOwners>>> = {
    required: new Map(),
    requiredAnti: new Map(),
    preferred: new Map(),
    preferredAnti: new Map(),
  };

  nodeAdded(node: NodeInfo): void {
    this.#nodes.add(node);
    for (const [key, topology] of this.#topologies) topology.count(node.labels?.[key], 1);
  }

  nodeRemoved(node: NodeInfo): void {
    this.#nodes.delete(node);
    for (const [key, topology] of this.#topologies) topology.count(node.labels?.[key], -1);
  }

  nodeChanged(node: NodeInfo, before: Labels): void {
    if (before === node.labels) return;
    for (const [key, topology] of this.#topologies) {
      topology.count(before?.[key], -1);
      topology.count(node.labels?.[key], 1);
    }
    for (const { counts } of this.#groups.values()) counts.relabel(node, before);
    for (const kind of TERM_KINDS) for (const { counts } of this.#owners[kind].values()) counts.relabel(node, before);
  }

  podAdded(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, 1);
  }

  podRemoved(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, -1);
  }

  topology(key: string): Topology {
    let topology = this.#topologies.get(key);
    if (!topology) {
      topology = new TopologyIndex();
      for (const node of this.#nodes) topology.count(node.labels?.[key], 1);
      this.#topologies.set(key, topology);
    }
    return topology;
  }

  /** Of the placed pods that the query selects. Follows what happens as long as the cycle lasts. */
  group(query: GroupQuery): NodeCounts {
    const known = this.#groups.get(query.identity);
    if (known) {
      this.#groups.delete(query.identity);
      this.#groups.set(query.identity, known);
      return known.counts;
    }
    const counts = new NodeCounts();
    for (const node of this.#nodes) {
      let matching = 0;
      for (const pod of node.pods()) if (isCounted(query, pod)) matching += 1;
      if (matching > 0) counts.add(node, matching);
    }
    this.#groups.set(query.identity, { query, counts });
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= MAX_GROUPS) break;
      this.#groups.delete(oldest);
    }
    return counts;
  }

  /** The terms of this kind that placed pods have and that mean this pod. `namespaceLabels` are those of its namespace. */
  *termsAbout(kind: TermKind, { pod }: PodInfo, namespaceLabels: Labels): IterableIterator<TermOwners> {
    for (const owners of this.#owners[kind].values()) if (termSelects(owners.term, pod, namespaceLabels)) yield owners;
  }

  #count(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    for (const { query, counts } of this.#groups.values()) if (isCounted(query, pod)) counts.add(node, sign);
    if (!pod.hasAffinity) return;
    for (const kind of TERM_KINDS) for (const term of pod.affinity[kind]) this.#countOwner(this.#owners[kind], term, node, sign);
  }

  #countOwner(owners: Map<string, TermOwners>, term: AffinityTerm, node: NodeInfo, sign: 1 | -1): void {
    let known = owners.get(term.identity);
    if (!known) {
      known = { term, counts: new NodeCounts() };
      owners.set(term.identity, known);
    }
    known.counts.add(node, sign);
    if (known.counts.isEmpty) owners.delete(term.identity);
  }
}
