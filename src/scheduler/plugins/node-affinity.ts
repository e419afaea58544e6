import { fitsNodeAffinity, matchesNodeSelectorTerm } from '../../api/meta/node-selector.ts';
import type { Node, NodeSelector, Pod, PreferredSchedulingTerm } from '../../api/schema/generated/types.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { ConfigReader } from '../config/config-reader.ts';
import { Action, type EventInterest } from '../framework/cluster-event.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import { fitToMaximum } from '../framework/normalize.ts';
import { type PreFilterResult, type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'NodeAffinity';
const POD_REFUSED = refusal(NAME, 'UnschedulableAndUnresolvable', "node(s) didn't match Pod's node affinity/selector");
const PROFILE_REFUSED = refusal(NAME, 'UnschedulableAndUnresolvable', "node(s) didn't match scheduler-enforced node affinity");
const CONFLICT = refusal(NAME, 'UnschedulableAndUnresolvable', 'pod affinity terms conflict');

/** pluginConfig's `addedAffinity`: what the profile asks of nodes besides what its pods ask. */
interface AddedAffinity {
  readonly required: NodeSelector | undefined;
  readonly preferred: readonly PreferredSchedulingTerm[];
}

const requiredOf = ({ spec }: Pod) => spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
const preferredOf = ({ spec }: Pod) => spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

const fitsAdded = ({ required }: AddedAffinity, node: Node) =>
  !required || required.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(node, term));

/** The nodes that the pod names (`metadata.name In […]` in every term), as DaemonSets' pods do; undefined when a term names none. */
function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields = [] } of requiredOf(pod)?.nodeSelectorTerms ?? []) {
    const lists = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In').map(({ values }) => values ?? []);
    const [first, ...others] = lists;
    if (!first) return undefined;
    for (const name of first) if (others.every((list) => list.includes(name))) names.add(name);
  }
  return names;
}

function narrow(pod: Pod): PreFilterResult | typeof CONFLICT | undefined {
  if (!requiredOf(pod)) return undefined;
  const nodeNames = namedNodes(pod);
  if (!nodeNames) return undefined;
  return nodeNames.size === 0 ? CONFLICT : { nodeNames };
}

const eventsOf = (added: AddedAffinity): readonly EventInterest[] => [
  {
    resource: 'nodes',
    actions: Action.add | Action.nodeLabels,
    isHelpful: (pod, { object }) => fitsAdded(added, object as Node) && fitsNodeAffinity(pod.spec ?? {}, object as Node),
  },
];

function score(terms: readonly PreferredSchedulingTerm[], { node }: NodeInfo): number {
  let sum = 0;
  for (const { weight, preference } of terms) {
    const isEmpty = !preference.matchExpressions?.length && !preference.matchFields?.length;
    if (isEmpty || matchesNodeSelectorTerm(node, preference)) sum += weight;
  }
  return sum;
}

const pluginFor = (added: AddedAffinity): SchedulerPlugin => ({
  name: NAME,
  events: eventsOf(added),
  preFilter(_state, { pod }) {
    if (!added.required && !requiredOf(pod) && !Object.keys(pod.spec?.nodeSelector ?? {}).length) return SKIP;
    return narrow(pod);
  },
  filter(_state, { pod }, { node }) {
    if (!fitsAdded(added, node)) return PROFILE_REFUSED;
    return fitsNodeAffinity(pod.spec ?? {}, node) ? undefined : POD_REFUSED;
  },
  preScore: (_state, { pod }) => (added.preferred.length === 0 && preferredOf(pod).length === 0 ? SKIP : undefined),
  score: (_state, { pod }, node) => score(added.preferred, node) + score(preferredOf(pod), node),
  normalizeScores: (_state, _pod, scores) => fitToMaximum(scores),
});

function readAdded(args: ConfigReader): AddedAffinity {
  args.known(['addedAffinity']);
  const affinity = args.part('addedAffinity');
  affinity.known(['requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution']);
  const required = affinity.raw('requiredDuringSchedulingIgnoredDuringExecution') as NodeSelector | undefined;
  if (required && !Array.isArray(required.nodeSelectorTerms))
    affinity.report('requiredDuringSchedulingIgnoredDuringExecution', 'must have nodeSelectorTerms');
  const preferred = affinity.parts('preferredDuringSchedulingIgnoredDuringExecution').map((term) => ({
    weight: term.integer('weight', 1, { min: 1, max: 100 }),
    preference: (term.raw('preference') ?? {}) as PreferredSchedulingTerm['preference'],
  }));
  return { required, preferred };
}

/** spec.nodeSelector and spec.affinity.nodeAffinity (Kubernetes: "Assigning Pods to Nodes"). */
export const nodeAffinity: PluginDefinition = {
  name: NAME,
  weight: 2,
  configure(args) {
    const plugin = pluginFor(readAdded(args));
    return () => plugin;
  },
};
