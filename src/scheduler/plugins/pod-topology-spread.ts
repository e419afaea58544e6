import type { Node, Pod, TopologySpreadConstraint } from '../../api/schema/generated/types.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { ConfigReader } from '../config/config-reader.ts';
import { Action, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts';
import { type Copyable, type CycleState, stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { SchedulerHandle } from '../framework/handle.ts';
import { MAX_SCORE, type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';
import { defaultSelectors } from '../topology/default-selector.ts';
import {
  hasAllKeys,
  includes,
  readConstraints,
  Spread,
  type SpreadConstraint,
  type WhenUnsatisfiable,
} from '../topology/spread-constraint.ts';
import { SpreadCounts } from '../topology/spread-counts.ts';

const NAME = 'PodTopologySpread';
const HOSTNAME = 'kubernetes.io/hostname';
const SKEWED = refusal(NAME, 'Unschedulable', "node(s) didn't match pod topology spread constraints");
const NO_LABEL = refusal(
  NAME,
  'UnschedulableAndUnresolvable',
  "node(s) didn't match pod topology spread constraints (missing required label)",
);

/** What upstream spreads by when neither pod nor configuration say anything. */
const SYSTEM_DEFAULTS: readonly TopologySpreadConstraint[] = [
  { topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

interface Hard extends Copyable {
  readonly constraints: readonly { readonly constraint: SpreadConstraint; readonly counts: SpreadCounts; readonly self: 0 | 1 }[];
  clone(): Hard;
}
const hard = (constraints: Hard['constraints']): Hard => ({
  constraints,
  clone: () => hard(constraints.map((each) => ({ ...each, counts: each.counts.clone() }))),
});
const HARD = stateKey<Hard>();

interface Soft {
  readonly constraints: readonly {
    readonly topologyKey: string;
    readonly countIn: (domain: string, node: NodeInfo) => number;
    readonly maxSkew: number;
    readonly weight: number;
  }[];
  readonly isIgnored: (node: NodeInfo) => boolean;
}
const SOFT = stateKey<Soft>();

interface Defaults {
  readonly constraints: readonly TopologySpreadConstraint[];
  readonly isSystem: boolean;
}

type ConstraintsOf = (pod: Pod, kind: WhenUnsatisfiable) => readonly SpreadConstraint[];

function constraintReader({ constraints }: Defaults, { informers }: SchedulerHandle): ConstraintsOf {
  const selectorOf = constraints.length > 0 ? defaultSelectors(informers) : undefined;
  const hasKind = { DoNotSchedule: false, ScheduleAnyway: false };
  for (const { whenUnsatisfiable } of constraints) hasKind[whenUnsatisfiable as WhenUnsatisfiable] = true;
  return (pod, kind) => {
    const own = pod.spec?.topologySpreadConstraints ?? [];
    if (own.length > 0) return readConstraints(pod, own, kind);
    const selector = hasKind[kind] ? selectorOf?.(pod) : undefined;
    return selector ? readConstraints(pod, constraints, kind, selector) : [];
  };
}

function filter(state: CycleState, { labels }: NodeInfo) {
  for (const { constraint, counts, self } of (state.read(HARD) as Hard).constraints) {
    const domain = labels?.[constraint.topologyKey];
    if (domain === undefined) return NO_LABEL;
    if (counts.in(domain) + self - counts.fewest > constraint.maxSkew) return SKEWED;
  }
  return undefined;
}

function change(state: CycleState, { pod, namespace }: PodInfo, other: PodInfo, node: NodeInfo, by: 1 | -1): void {
  const { constraints } = state.read(HARD) as Hard;
  const all = constraints.map(({ constraint }) => constraint);
  if (other.namespace !== namespace || other.pod.metadata?.deletionTimestamp || !hasAllKeys(node, all)) return;
  for (const { constraint, counts } of constraints) {
    const counted = constraint.selects(other.pod.metadata?.labels) && includes(constraint, pod, node);
    if (counted) counts.change(node.labels?.[constraint.topologyKey] ?? '', by);
  }
}

/** More domains make each pod count for more, lest topologies of few domains outweigh those of many. */
const weightOf = (domains: number): number => Math.log(domains + 2);

function softState(
  snapshot: SchedulerHandle['snapshot'],
  pod: Pod,
  constraints: readonly SpreadConstraint[],
  nodes: readonly NodeInfo[],
  needsAllKeys: boolean,
): Soft {
  const spread = new Spread(snapshot, pod, constraints, { needsAllKeys });
  const isIgnored = (node: NodeInfo) => needsAllKeys && !hasAllKeys(node, constraints);
  const scored = nodes.filter((node) => !isIgnored(node));
  return {
    isIgnored,
    constraints: constraints.map((constraint) => {
      const { topologyKey, maxSkew } = constraint;
      if (topologyKey === HOSTNAME) {
        const counts = spread.counts(constraint);
        return { topologyKey, maxSkew, weight: weightOf(scored.length), countIn: (_, node) => counts.on(node) };
      }
      const domains = new Set(scored.map(({ labels }) => labels?.[topologyKey]));
      const { counts } = spread.domains(constraint);
      return { topologyKey, maxSkew, weight: weightOf(domains.size), countIn: (domain) => counts.get(domain) ?? 0 };
    }),
  };
}

function score(state: CycleState, node: NodeInfo): number {
  const { constraints, isIgnored } = state.read(SOFT) as Soft;
  if (isIgnored(node)) return 0;
  let sum = 0;
  for (const { topologyKey, countIn, maxSkew, weight } of constraints) {
    const domain = node.labels?.[topologyKey];
    if (domain !== undefined) sum += countIn(domain, node) * weight + (maxSkew - 1);
  }
  return Math.round(sum);
}

function normalize(state: CycleState, scores: Float64Array, nodes: readonly NodeInfo[]): void {
  const { isIgnored } = state.read(SOFT) as Soft;
  let [min, max] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < nodes.length; i += 1) {
    if (isIgnored(nodes[i] as NodeInfo)) continue;
    min = Math.min(min, scores[i] as number);
    max = Math.max(max, scores[i] as number);
  }
  for (let i = 0; i < nodes.length; i += 1) {
    if (isIgnored(nodes[i] as NodeInfo)) scores[i] = 0;
    else scores[i] = max === 0 ? MAX_SCORE : Math.trunc((MAX_SCORE * (max + min - (scores[i] as number))) / max);
  }
}

function eventsOf(constraintsOf: ConstraintsOf): readonly EventInterest[] {
  const isPodHelpful = (pod: Pod, { object, previous }: ClusterEvent) =>
    object.metadata?.namespace === pod.metadata?.namespace &&
    constraintsOf(pod, 'DoNotSchedule').some(
      ({ selects }) => selects(object.metadata?.labels) || (previous && selects(previous.metadata?.labels)),
    );
  const isNodeHelpful = (pod: Pod, { object, previous }: ClusterEvent) =>
    [object as Node, previous as Node | undefined].some(
      (node) => node && constraintsOf(pod, 'DoNotSchedule').every(({ topologyKey }) => node.metadata?.labels?.[topologyKey] !== undefined),
    );
  return [
    { resource: 'pods/assigned', actions: Action.add | Action.delete | Action.podLabels, isHelpful: isPodHelpful },
    { resource: 'pods/unscheduled', actions: Action.podLabels | Action.podTolerations },
    { resource: 'nodes', actions: Action.add | Action.delete | Action.nodeLabels | Action.nodeTaints, isHelpful: isNodeHelpful },
  ];
}

function pluginFor(defaults: Defaults, handle: SchedulerHandle): SchedulerPlugin {
  const constraintsOf = constraintReader(defaults, handle);
  const { snapshot } = handle;
  return {
    name: NAME,
    events: eventsOf(constraintsOf),
    preFilter(state, { pod }) {
      const constraints = constraintsOf(pod, 'DoNotSchedule');
      if (constraints.length === 0) return SKIP;
      const spread = new Spread(snapshot, pod, constraints);
      const counted = constraints.map((constraint) => ({
        constraint,
        counts: new SpreadCounts(spread.domains(constraint), constraint.minDomains),
        self: constraint.selects(pod.metadata?.labels) ? (1 as const) : (0 as const),
      }));
      state.write(HARD, hard(counted));
      return undefined;
    },
    addPod: (state, pod, other, node) => change(state, pod, other, node, 1),
    removePod: (state, pod, other, node) => change(state, pod, other, node, -1),
    filter: (state, _pod, node) => filter(state, node),
    preScore(state, { pod }, nodes) {
      const constraints = constraintsOf(pod, 'ScheduleAnyway');
      if (constraints.length === 0) return SKIP;
      // Nodes without a zone still spread by name when nobody asked for zones.
      const needsAllKeys = (pod.spec?.topologySpreadConstraints?.length ?? 0) > 0 || !defaults.isSystem;
      state.write(SOFT, softState(snapshot, pod, constraints, nodes, needsAllKeys));
      return undefined;
    },
    score: (state, _pod, node) => score(state, node),
    normalizeScores: (state, _pod, scores, nodes) => normalize(state, scores, nodes),
  };
}

function readDefaults(args: ConfigReader): Defaults {
  args.known(['defaultConstraints', 'defaultingType']);
  const listed = args.parts('defaultConstraints').map((constraint) => {
    constraint.known(['maxSkew', 'topologyKey', 'whenUnsatisfiable']);
    if (!constraint.has('topologyKey')) constraint.report('topologyKey', 'is required');
    return {
      maxSkew: constraint.integer('maxSkew', 1, { min: 1 }),
      topologyKey: constraint.text('topologyKey', ''),
      whenUnsatisfiable: constraint.oneOf('whenUnsatisfiable', ['DoNotSchedule', 'ScheduleAnyway'], 'ScheduleAnyway'),
    };
  });
  const isSystem = args.oneOf('defaultingType', ['System', 'List'], 'System') === 'System';
  if (isSystem && listed.length > 0) args.report('defaultingType', 'when .defaultConstraints are set, must be List');
  return { constraints: isSystem ? SYSTEM_DEFAULTS : listed, isSystem };
}

/** spec.topologySpreadConstraints (Kubernetes: "Pod Topology Spread Constraints"). */
export const podTopologySpread: PluginDefinition = {
  name: NAME,
  weight: 2,
  configure(args) {
    const defaults = readDefaults(args);
    return (handle) => pluginFor(defaults, handle);
  },
};
