import { namespaces } from '../../api/index.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { type AffinityTerm, termSelects } from '../cache/affinity-term.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { GroupQuery } from '../cache/placements.ts';
import { PodInfo } from '../cache/pod-info.ts';
import type { ConfigReader } from '../config/config-reader.ts';
import { Action, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { SchedulerHandle } from '../framework/handle.ts';
import { fitToRange } from '../framework/normalize.ts';
import { type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';
import { AffinityCounts, type CountedTerm } from '../topology/affinity-counts.ts';

const NAME = 'InterPodAffinity';
const NOT_NEAR = refusal(NAME, 'UnschedulableAndUnresolvable', "node(s) didn't match pod affinity rules");
const TOO_NEAR = refusal(NAME, 'Unschedulable', "node(s) didn't match pod anti-affinity rules");
const NOT_WANTED = refusal(NAME, 'Unschedulable', "node(s) didn't satisfy existing pods anti-affinity rules");

type Labels = Readonly<Record<string, string>> | undefined;
type NamespaceLabels = (namespace: string) => Labels;

/** Scores by domain: how much each pod that is there draws the new one, or pushes it away. */
interface Pull {
  readonly topologyKey: string;
  readonly domains: ReadonlyMap<string, number>;
  readonly weight: number;
}

const COUNTS = stateKey<AffinityCounts>();
const PULLS = stateKey<readonly Pull[]>();

/** What the plugin asks of the cluster. */
class Questions {
  readonly #handle: SchedulerHandle;
  readonly #namespaces;

  constructor(handle: SchedulerHandle) {
    this.#handle = handle;
    this.#namespaces = handle.informers.informer(namespaces);
  }

  labelsOf: NamespaceLabels = (namespace) => this.#namespaces.get(namespace)?.metadata?.labels;

  /** The namespaces that a term means now. */
  #resolve({ namespaces: named, selectsNamespace }: AffinityTerm): ReadonlySet<string> {
    if (!selectsNamespace) return named;
    const selected = this.#namespaces.list().filter(({ metadata }) => selectsNamespace(metadata?.labels));
    return new Set([...named, ...selected.map(({ metadata }) => metadata?.name ?? '')]);
  }

  query(terms: readonly AffinityTerm[]): GroupQuery {
    const sets = terms.map((term) => this.#resolve(term));
    const [first = new Set<string>(), ...others] = sets;
    const common = [...first].filter((name) => others.every((set) => set.has(name)));
    const identity = `${NAME}|${terms.map(({ identity: id }) => id).join('&')}|${terms.some((t) => t.selectsNamespace) ? common.sort() : ''}`;
    return {
      identity,
      namespaces: new Set(common),
      selects: (labels) => terms.every(({ selects }) => selects(labels)),
      ignoresTerminating: false,
    };
  }

  domains(terms: readonly AffinityTerm[], topologyKey: string): ReadonlyMap<string, number> {
    return this.#handle.snapshot.placements.group(this.query(terms)).domains(topologyKey);
  }

  /** Terms of placed pods that mean this one. */
  *about(kind: 'required' | 'requiredAnti' | 'preferred' | 'preferredAnti', pod: PodInfo) {
    for (const { term, counts } of this.#handle.snapshot.placements.termsAbout(kind, pod, this.labelsOf(pod.namespace))) {
      yield { term, domains: counts.domains(term.topologyKey) };
    }
  }
}

function countsFor(questions: Questions, pod: PodInfo): AffinityCounts | undefined {
  const { required, requiredAnti } = pod.affinity;
  const existing: CountedTerm[] = [];
  for (const { term, domains } of questions.about('requiredAnti', pod)) existing.push({ topologyKey: term.topologyKey, domains });
  if (existing.length === 0 && required.length === 0 && requiredAnti.length === 0) return undefined;
  return AffinityCounts.of({
    existing,
    // Pods that all terms mean count, for each term's topology.
    near: required.map(({ topologyKey }) => ({ topologyKey, domains: questions.domains(required, topologyKey) })),
    apart: requiredAnti.map((term) => ({ topologyKey: term.topologyKey, domains: questions.domains([term], term.topologyKey) })),
    meansItself: required.every((term) => termSelects(term, pod.pod, questions.labelsOf(pod.namespace))),
  });
}

function pullsOn(questions: Questions, pod: PodInfo, { hardWeight, ignoresExisting }: Arguments): readonly Pull[] {
  const pulls: Pull[] = [];
  const add = (topologyKey: string, domains: ReadonlyMap<string, number>, weight: number) => {
    if (weight !== 0 && domains.size > 0) pulls.push({ topologyKey, domains, weight });
  };
  const { preferred, preferredAnti } = pod.affinity;
  for (const term of preferred) add(term.topologyKey, questions.domains([term], term.topologyKey), term.weight);
  for (const term of preferredAnti) add(term.topologyKey, questions.domains([term], term.topologyKey), -term.weight);
  if (ignoresExisting && preferred.length === 0 && preferredAnti.length === 0) return pulls;
  for (const { term, domains } of questions.about('required', pod)) add(term.topologyKey, domains, hardWeight);
  if (ignoresExisting) return pulls;
  for (const { term, domains } of questions.about('preferred', pod)) add(term.topologyKey, domains, term.weight);
  for (const { term, domains } of questions.about('preferredAnti', pod)) add(term.topologyKey, domains, -term.weight);
  return pulls;
}

/** How the counts change when `other` comes to the node, or leaves it. */
function change(counts: AffinityCounts, pod: PodInfo, other: PodInfo, node: NodeInfo, by: 1 | -1, labelsOf: NamespaceLabels): void {
  const { required, requiredAnti } = pod.affinity;
  const labels = labelsOf(other.namespace);
  for (const term of other.affinity.requiredAnti) {
    if (termSelects(term, pod.pod, labelsOf(pod.namespace))) counts.changeExisting(term.topologyKey, node, by);
  }
  if (required.length > 0 && required.every((term) => termSelects(term, other.pod, labels))) counts.changeNear(node, by);
  for (const [i, term] of requiredAnti.entries()) if (termSelects(term, other.pod, labels)) counts.changeApart(i, node, by);
}

/** An assigned pod came, went or got other labels: does it matter for what the pod asks, or what that pod asks of it? */
function isPodHelpful(pod: Pod, { object, previous, actions }: ClusterEvent, labelsOf: NamespaceLabels): boolean {
  const [mine, other] = [new PodInfo(pod), new PodInfo(object as Pod)];
  const meant = (terms: readonly AffinityTerm[], p: Pod) =>
    terms.some((term) => termSelects(term, p, labelsOf(p.metadata?.namespace ?? '')));
  const isNear = (p: Pod) => mine.affinity.required.length > 0 && meant(mine.affinity.required, p);
  if (actions & Action.delete) return meant(mine.affinity.requiredAnti, other.pod) || meant(other.affinity.requiredAnti, pod);
  if (actions & Action.add) return isNear(other.pod);
  const before = previous as Pod | undefined;
  return (
    isNear(other.pod) ||
    (before !== undefined && meant(mine.affinity.requiredAnti, before) && !meant(mine.affinity.requiredAnti, other.pod))
  );
}

const eventsOf = (labelsOf: NamespaceLabels): readonly EventInterest[] => [
  {
    resource: 'pods/assigned',
    actions: Action.add | Action.podLabels | Action.delete,
    isHelpful: (pod, event) => isPodHelpful(pod, event, labelsOf),
  },
  { resource: 'pods/unscheduled', actions: Action.podLabels },
  { resource: 'nodes', actions: Action.add | Action.nodeLabels },
  { resource: 'namespaces', actions: Action.add | Action.update },
];

interface Arguments {
  /** What a required term of a placed pod counts for those that it means. */
  readonly hardWeight: number;
  readonly ignoresExisting: boolean;
}

function pluginFor(args: Arguments, handle: SchedulerHandle): SchedulerPlugin {
  const questions = new Questions(handle);
  return {
    name: NAME,
    events: eventsOf(questions.labelsOf),
    preFilter(state, pod) {
      const counts = countsFor(questions, pod);
      if (!counts) return SKIP;
      state.write(COUNTS, counts);
      return undefined;
    },
    addPod: (state, pod, other, node) => change(state.read(COUNTS) as AffinityCounts, pod, other, node, 1, questions.labelsOf),
    removePod: (state, pod, other, node) => change(state.read(COUNTS) as AffinityCounts, pod, other, node, -1, questions.labelsOf),
    filter(state, _pod, { labels }) {
      const counts = state.read(COUNTS) as AffinityCounts;
      if (!counts.isNearEnough(labels)) return NOT_NEAR;
      if (!counts.isFarEnough(labels)) return TOO_NEAR;
      return counts.isWelcome(labels) ? undefined : NOT_WANTED;
    },
    preScore(state, pod) {
      const pulls = pullsOn(questions, pod, args);
      if (pulls.length === 0) return SKIP;
      state.write(PULLS, pulls);
      return undefined;
    },
    score(state, _pod, { labels }) {
      let sum = 0;
      for (const { topologyKey, domains, weight } of state.read(PULLS) as readonly Pull[]) {
        const domain = labels?.[topologyKey];
        if (domain !== undefined) sum += (domains.get(domain) ?? 0) * weight;
      }
      return sum;
    },
    normalizeScores: (_state, _pod, scores) => fitToRange(scores),
  };
}

function readArguments(args: ConfigReader): Arguments {
  args.known(['hardPodAffinityWeight', 'ignorePreferredTermsOfExistingPods']);
  return {
    hardWeight: args.integer('hardPodAffinityWeight', 1, { max: 100 }),
    ignoresExisting: args.flag('ignorePreferredTermsOfExistingPods', false),
  };
}

/** spec.affinity.podAffinity and podAntiAffinity, of the pod and of those that are placed (Kubernetes: "Inter-pod affinity and anti-affinity"). */
export const interPodAffinity: PluginDefinition = {
  name: NAME,
  weight: 2,
  configure(args) {
    const read = readArguments(args);
    return (handle) => pluginFor(read, handle);
  },
};
