import type { Pod } from '../../api/schema/generated/types.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { Nominator } from '../queue/nominator.ts';
import type { CycleState } from './cycle-state.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { DryRun } from './handle.ts';
import { MAX_SCORE, type PostFilterResult, type SchedulerPlugin, SKIP } from './plugin.ts';
import { type Refusal, refusal } from './refusal.ts';

/** The plugins that are called at each extension point, in this order. One plugin may be at several. */
export interface ProfilePlugins {
  readonly preEnqueue: readonly SchedulerPlugin[];
  readonly preFilter: readonly SchedulerPlugin[];
  readonly filter: readonly SchedulerPlugin[];
  readonly postFilter: readonly SchedulerPlugin[];
  readonly preScore: readonly SchedulerPlugin[];
  readonly score: readonly { readonly plugin: SchedulerPlugin; readonly weight: number }[];
  readonly reserve: readonly SchedulerPlugin[];
  readonly permit: readonly SchedulerPlugin[];
  readonly preBind: readonly SchedulerPlugin[];
  readonly bind: readonly SchedulerPlugin[];
  readonly postBind: readonly SchedulerPlugin[];
}

export type PreFiltered =
  | { readonly ok: true; readonly nodeNames: ReadonlySet<string> | undefined; readonly narrowedBy: readonly string[] }
  | { readonly ok: false; readonly refusal: Refusal };

export type Permit = { readonly refusal: Refusal } | { readonly waits: ReadonlyMap<string, number> };

const MADE_NOTHING: PostFilterResult = { made: 'nothing' };

/** How often a plugin was asked at an extension point. */
export interface Evaluations {
  readonly plugin: string;
  readonly point: 'PreFilter' | 'Filter' | 'PreScore' | 'Score';
  count: number;
}

const evaluationsAt = (point: Evaluations['point'], plugins: readonly SchedulerPlugin[]): Evaluations[] =>
  plugins.map(({ name }) => ({ plugin: name, point, count: 0 }));

type Filter = (state: CycleState, pod: PodInfo, node: NodeInfo) => Refusal | undefined;

/** The plugins of one schedulerName and how they are run. What a plugin throws is thrown on, with its name. */
export class Profile implements DryRun {
  readonly schedulerName: string;
  /** Per cent of the nodes that is enough to score; undefined: as the cluster's size suggests. */
  readonly percentageOfNodesToScore: number | undefined;
  readonly #plugins: ProfilePlugins;
  readonly #nominator: Nominator;
  /** In the order of the plugins. */
  readonly #evaluations: Readonly<Record<'preFilter' | 'filter' | 'preScore' | 'score', readonly Evaluations[]>>;

  constructor(schedulerName: string, plugins: ProfilePlugins, nominator: Nominator, percentageOfNodesToScore?: number) {
    this.schedulerName = schedulerName;
    this.percentageOfNodesToScore = percentageOfNodesToScore;
    this.#plugins = plugins;
    this.#nominator = nominator;
    this.#evaluations = {
      preFilter: evaluationsAt('PreFilter', plugins.preFilter),
      filter: evaluationsAt('Filter', plugins.filter),
      preScore: evaluationsAt('PreScore', plugins.preScore),
      score: evaluationsAt(
        'Score',
        plugins.score.map(({ plugin }) => plugin),
      ),
    };
  }

  /** Every plugin that was asked. One that says that it has nothing to do for a pod was not. */
  evaluations(): readonly Evaluations[] {
    return Object.values(this.#evaluations)
      .flat()
      .filter(({ count }) => count > 0);
  }

  get filterNames(): readonly string[] {
    return this.#plugins.filter.map(({ name }) => name);
  }
  get hasScores(): boolean {
    return this.#plugins.score.length > 0;
  }

  preEnqueue(pod: Pod): Refusal | undefined {
    for (const plugin of this.#plugins.preEnqueue) {
      const refused = plugin.preEnqueue?.(pod);
      if (refused) return refused;
    }
    return undefined;
  }

  preFilter(state: CycleState, pod: PodInfo): PreFiltered {
    let nodeNames: ReadonlySet<string> | undefined;
    const narrowedBy: string[] = [];
    for (const [i, plugin] of this.#plugins.preFilter.entries()) {
      const answer = plugin.preFilter?.(state, pod);
      if (answer === SKIP) {
        state.skippedFilters.add(plugin.name);
        continue;
      }
      (this.#evaluations.preFilter[i] as Evaluations).count += 1;
      if (answer && 'code' in answer) return { ok: false, refusal: answer };
      else if (answer) {
        narrowedBy.push(plugin.name);
        const before = nodeNames;
        const both: ReadonlySet<string> = before ? new Set([...answer.nodeNames].filter((name) => before.has(name))) : answer.nodeNames;
        nodeNames = both;
        if (both.size === 0) return { ok: false, refusal: nothingLeft(narrowedBy) };
      }
    }
    return { ok: true, nodeNames, narrowedBy };
  }

  /** All filters of this cycle as one: the first refusal counts. Nominated pods are counted where there are any. */
  filterOf(state: CycleState): Filter {
    const isActive = ({ name }: SchedulerPlugin) => !state.skippedFilters.has(name);
    const filters = this.#plugins.filter.filter(isActive);
    const evaluations = this.#evaluations.filter.filter(({ plugin }) => !state.skippedFilters.has(plugin));
    const plain: Filter = (s, pod, node) => {
      for (let i = 0; i < filters.length; i += 1) {
        (evaluations[i] as Evaluations).count += 1;
        const refused = (filters[i] as SchedulerPlugin).filter?.(s, pod, node);
        if (refused) return refused;
      }
      return undefined;
    };
    if (this.#nominator.isEmpty) return plain;
    return (s, pod, node) => {
      // It must do with and without them: they may never come.
      const refused = plain(s, pod, node);
      if (refused) return refused;
      const withNominated = this.#withNominated(s, pod, node);
      return withNominated && plain(withNominated.state, pod, withNominated.node);
    };
  }

  filter(state: CycleState, pod: PodInfo, node: NodeInfo): Refusal | undefined {
    return this.filterOf(state)(state, pod, node);
  }

  addPod(state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): void {
    for (const plugin of this.#plugins.preFilter) {
      if (plugin.addPod && !state.skippedFilters.has(plugin.name)) plugin.addPod(state, pod, other, node);
    }
  }

  removePod(state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): void {
    for (const plugin of this.#plugins.preFilter) {
      if (plugin.removePod && !state.skippedFilters.has(plugin.name)) plugin.removePod(state, pod, other, node);
    }
  }

  get hasPostFilters(): boolean {
    return this.#plugins.postFilter.length > 0;
  }

  /** The first plugin that makes room ends it; else all have had their say. A promise only where extenders have to be asked. */
  postFilter(
    state: CycleState,
    pod: PodInfo,
    diagnosis: Diagnosis,
    options: { signal: AbortSignal },
    earlier: readonly PostFilterResult[] = [],
  ): PostFilterResult | Promise<PostFilterResult> {
    const results = [...earlier];
    while (results.length < this.#plugins.postFilter.length) {
      const plugin = this.#plugins.postFilter[results.length] as SchedulerPlugin;
      const result = plugin.postFilter?.(state, pod, diagnosis, options) ?? MADE_NOTHING;
      if (result instanceof Promise)
        return result.then((made) => (made.made === 'room' ? made : this.postFilter(state, pod, diagnosis, options, [...results, made])));
      if (result.made === 'room') return result;
      results.push(result);
    }
    const nominatedNodeName = results.find((result) => result.nominatedNodeName !== undefined)?.nominatedNodeName;
    const message = results.flatMap((result) => result.message || []).join(', ');
    return { made: 'nothing', message, ...(nominatedNodeName !== undefined && { nominatedNodeName }) };
  }

  /** Weighted sums, in the order of the nodes. */
  score(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Float64Array {
    const skipped = this.#preScore(state, pod, nodes);
    const totals = new Float64Array(nodes.length);
    const scores = new Float64Array(nodes.length);
    for (const [at, { plugin, weight }] of this.#plugins.score.entries()) {
      if (!plugin.score || skipped.has(plugin.name)) continue;
      (this.#evaluations.score[at] as Evaluations).count += nodes.length;
      for (let i = 0; i < nodes.length; i += 1) scores[i] = plugin.score(state, pod, nodes[i] as NodeInfo);
      plugin.normalizeScores?.(state, pod, scores, nodes);
      for (let i = 0; i < nodes.length; i += 1) {
        const score = scores[i] as number;
        if (!(score >= 0 && score <= MAX_SCORE))
          throw new Error(`plugin ${plugin.name} returns an invalid score ${score}, it should be from 0 to ${MAX_SCORE}`);
        totals[i] = (totals[i] as number) + score * weight;
      }
    }
    return totals;
  }

  /** Asks each plugin; those that have nothing to score. */
  #preScore(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): ReadonlySet<string> {
    const skipped = new Set<string>();
    for (const [i, plugin] of this.#plugins.preScore.entries()) {
      if (plugin.preScore?.(state, pod, nodes) === SKIP) skipped.add(plugin.name);
      else (this.#evaluations.preScore[i] as Evaluations).count += 1;
    }
    return skipped;
  }

  reserve(state: CycleState, pod: PodInfo, nodeName: string): Refusal | undefined {
    for (const plugin of this.#plugins.reserve) {
      const refused = plugin.reserve?.(state, pod, nodeName);
      if (refused) return refused;
    }
    return undefined;
  }

  /** In the opposite order of `reserve`. */
  unreserve(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.#plugins.reserve.toReversed()) plugin.unreserve?.(state, pod, nodeName);
  }

  permit(state: CycleState, pod: PodInfo, nodeName: string): Permit {
    const waits = new Map<string, number>();
    for (const plugin of this.#plugins.permit) {
      const answer = plugin.permit?.(state, pod, nodeName);
      if (answer && 'code' in answer) return { refusal: answer };
      if (answer) waits.set(plugin.name, answer.waitMs);
    }
    return { waits };
  }

  /** Will it take a while until the pod is bound? */
  preBindWorks(state: CycleState, pod: PodInfo, nodeName: string): boolean {
    return this.#plugins.preBind.some((plugin) => plugin.preBindWorks?.(state, pod, nodeName) ?? true);
  }

  async preBind(state: CycleState, pod: PodInfo, nodeName: string, { signal }: { signal: AbortSignal }): Promise<Refusal | undefined> {
    for (const plugin of this.#plugins.preBind) {
      if (plugin.preBindWorks?.(state, pod, nodeName) === false) continue;
      const refused = await plugin.preBind?.(state, pod, nodeName, { signal });
      if (refused) return refused;
    }
    return undefined;
  }

  async bind(state: CycleState, pod: PodInfo, nodeName: string, { signal }: { signal: AbortSignal }): Promise<void> {
    for (const plugin of this.#plugins.bind) if (await plugin.bind?.(state, pod, nodeName, { signal })) return;
    throw new Error('no bind plugin took the pod');
  }

  postBind(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.#plugins.postBind) plugin.postBind?.(state, pod, nodeName);
  }

  /** The node as it will be once the pods are there that are nominated to it and no less important; undefined when there are none. */
  #withNominated(state: CycleState, pod: PodInfo, node: NodeInfo): { state: CycleState; node: NodeInfo } | undefined {
    let changed: { state: CycleState; node: NodeInfo } | undefined;
    const there = this.#nominator.on(node.name);
    if (!there) return undefined;
    for (const nominated of there) {
      if (nominated.key === pod.key || nominated.priority < pod.priority) continue;
      changed ??= { state: state.clone(), node: node.clone() };
      changed.node.add(nominated);
      this.addPod(changed.state, pod, nominated, changed.node);
    }
    return changed;
  }
}

function nothingLeft(narrowedBy: readonly string[]): Refusal {
  const names = narrowedBy.toSorted();
  const message =
    names.length === 1
      ? `node(s) didn't satisfy plugin ${names[0]}`
      : `node(s) didn't satisfy plugin(s) [${names.join(' ')}] simultaneously`;
  return refusal(names[0] ?? '', 'UnschedulableAndUnresolvable', message);
}
