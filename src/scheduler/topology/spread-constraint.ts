import { fitsNodeAffinity } from '../../api/meta/node-selector.ts';
import { type LabelMatcher, labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { tolerates } from '../../api/meta/tolerations.ts';
import type { LabelSelector, Pod, TopologySpreadConstraint } from '../../api/schema/generated/types.ts';
import { selectorIdentity, withMatchLabelKeys } from '../cache/affinity-term.ts';
import type { NodeCounts } from '../cache/node-counts.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { Snapshot } from '../cache/snapshot.ts';

export type WhenUnsatisfiable = 'DoNotSchedule' | 'ScheduleAnyway';

/** One constraint of a pod, read once. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selects: LabelMatcher;
  readonly selectorIdentity: string;
  /** Nodes that the pod's own node affinity, or taints, rule out do not count. */
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
}

/** The pod's constraints of this kind, with the values of matchLabelKeys in their selectors. `selector` stands in for those that have none of their own. */
export function readConstraints(
  pod: Pod,
  constraints: readonly TopologySpreadConstraint[],
  kind: WhenUnsatisfiable,
  selector?: LabelSelector,
): SpreadConstraint[] {
  return constraints
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === kind)
    .map((constraint) => {
      const merged =
        selector ?? withMatchLabelKeys(constraint.labelSelector, pod.metadata?.labels, { matchLabelKeys: constraint.matchLabelKeys ?? [] });
      return {
        topologyKey: constraint.topologyKey,
        maxSkew: constraint.maxSkew,
        minDomains: constraint.minDomains ?? 1,
        selects: labelSelectorMatcher(merged),
        selectorIdentity: selectorIdentity(merged),
        honorsAffinity: (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
        honorsTaints: constraint.nodeTaintsPolicy === 'Honor',
      };
    });
}

export const hasAllKeys = ({ labels }: NodeInfo, constraints: readonly SpreadConstraint[]): boolean =>
  constraints.every(({ topologyKey }) => labels?.[topologyKey] !== undefined);

/** Do the pods on the node count for the constraint (KEP-3094)? */
export function includes({ honorsAffinity, honorsTaints }: SpreadConstraint, { spec }: Pod, { node }: NodeInfo): boolean {
  if (honorsAffinity && !fitsNodeAffinity(spec ?? {}, node)) return false;
  if (!honorsTaints) return true;
  return (node.spec?.taints ?? []).every((taint) => taint.effect === 'PreferNoSchedule' || tolerates(spec?.tolerations, taint));
}

const asksForNodes = ({ spec }: Pod): boolean =>
  Object.keys(spec?.nodeSelector ?? {}).length > 0 ||
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined;

/** How the pods of one namespace that a constraint selects are spread. */
export class Spread {
  readonly #snapshot: Snapshot;
  readonly #pod: Pod;
  readonly #constraints: readonly SpreadConstraint[];
  readonly #needsAllKeys: boolean;

  constructor(snapshot: Snapshot, pod: Pod, constraints: readonly SpreadConstraint[], { needsAllKeys = true } = {}) {
    this.#snapshot = snapshot;
    this.#pod = pod;
    this.#constraints = constraints;
    this.#needsAllKeys = needsAllKeys;
  }

  /** Matching pods that are not being deleted, by node and by domain. */
  counts({ selects, selectorIdentity: identity }: SpreadConstraint): NodeCounts {
    const namespace = this.#pod.metadata?.namespace ?? '';
    return this.#snapshot.placements.group({
      identity: `PodTopologySpread|${namespace}|${identity}`,
      namespaces: new Set([namespace]),
      selects,
      ignoresTerminating: true,
    });
  }

  /** All nodes count for the constraint: then the counts that are kept are the answer, and no node need be looked at. */
  #countsAll({ honorsAffinity, honorsTaints }: SpreadConstraint): boolean {
    if ((honorsAffinity && asksForNodes(this.#pod)) || honorsTaints) return false;
    if (!this.#needsAllKeys) return true;
    const { placements, nodeCount } = this.#snapshot;
    return this.#constraints.every(({ topologyKey }) => placements.topology(topologyKey).nodeCount === nodeCount);
  }

  /** Pods by domain, over the nodes that count; `all` has every domain of such a node, also without pods. */
  domains(constraint: SpreadConstraint): {
    readonly counts: ReadonlyMap<string, number>;
    readonly all: Iterable<string> & { readonly size: number };
  } {
    const { topologyKey } = constraint;
    const byNode = this.counts(constraint);
    if (this.#countsAll(constraint)) {
      const { domains } = this.#snapshot.placements.topology(topologyKey);
      return { counts: byNode.domains(topologyKey), all: { size: domains.size, [Symbol.iterator]: () => domains.keys() } };
    }
    const counts = new Map<string, number>();
    for (const node of this.#snapshot.nodes()) {
      const domain = node.labels?.[topologyKey];
      if (domain === undefined || (this.#needsAllKeys && !hasAllKeys(node, this.#constraints)) || !includes(constraint, this.#pod, node))
        continue;
      counts.set(domain, (counts.get(domain) ?? 0) + byNode.on(node));
    }
    return { counts, all: { size: counts.size, [Symbol.iterator]: () => counts.keys() } };
  }
}
