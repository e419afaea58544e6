import { isAbort } from '../base/abort.ts';
import type { Random } from '../base/random.ts';
import type { NodeInfo } from './cache/node-info.ts';
import type { PodInfo } from './cache/pod-info.ts';
import type { Snapshot } from './cache/snapshot.ts';
import type { Extenders } from './extenders/extenders.ts';
import type { CycleState } from './framework/cycle-state.ts';
import { Diagnosis } from './framework/diagnosis.ts';
import type { PreFiltered, Profile } from './framework/profile.ts';
import { refusal } from './framework/refusal.ts';
import type { Nominator } from './queue/nominator.ts';
import { nodesToFind } from './sample-plan.ts';

export type Selection =
  | { readonly found: true; readonly node: string; readonly feasible: number }
  | { readonly found: false; readonly diagnosis: Diagnosis };

const preFilterStatus = (answer: PreFiltered): string => (answer.ok ? 'Success' : answer.refusal.code);
const filterStatus = (feasible: readonly NodeInfo[]): string => (feasible.length > 0 ? 'Success' : 'Unschedulable');

/** Picks nodes for pods, one after the other. Where it stopped looking the next search goes on, so that all nodes are looked at in turn. */
export class NodeSelector {
  readonly #snapshot: Snapshot;
  readonly #nominator: Nominator;
  readonly #random: Random;
  #start = 0;

  constructor(snapshot: Snapshot, nominator: Nominator, random: Random) {
    this.#snapshot = snapshot;
    this.#nominator = nominator;
    this.#random = random;
  }

  /** As `select`, with extenders: they narrow what the filters leave, and add to its scores. Rejects when one that matters cannot be asked. */
  async selectAsking(
    extenders: Extenders,
    profile: Profile,
    state: CycleState,
    pod: PodInfo,
    options: { signal: AbortSignal },
  ): Promise<Selection> {
    const diagnosis = new Diagnosis();
    const names = this.#preFilter(profile, state, pod, diagnosis);
    if (names === 'none') return { found: false, diagnosis };
    const nominated = this.#nominated(profile, state, pod, names);
    if (nominated && (await this.#isLeft(nominated, extenders, pod, options))) return { found: true, node: nominated.name, feasible: 1 };
    const passed = state.timed(
      'Filter',
      () => this.#feasible(profile, state, pod, this.#candidates(names), diagnosis, profile.hasScores || extenders.areChoosy),
      filterStatus,
    );
    const feasible = await extenders.filter(pod, passed, diagnosis, options);
    if (feasible.length === 0) return { found: false, diagnosis };
    const extra = feasible.length === 1 ? undefined : await extenders.prioritize(pod, feasible, options);
    const best = extra ? this.#best(profile, state, pod, feasible, extra) : feasible[0];
    return { found: true, node: best?.name ?? '', feasible: feasible.length };
  }

  /** A nominated node is tried for luck: an extender that cannot be asked about it is asked again about all. */
  async #isLeft(node: NodeInfo, extenders: Extenders, pod: PodInfo, options: { signal: AbortSignal }): Promise<boolean> {
    try {
      return (await extenders.filter(pod, [node], new Diagnosis(), options)).length > 0;
    } catch (error) {
      if (isAbort(error, options.signal)) throw error;
      return false;
    }
  }

  /** Every filter must agree; of enough nodes that pass, one with the highest weighted score is taken, any of them alike. */
  select(profile: Profile, state: CycleState, pod: PodInfo): Selection {
    const diagnosis = new Diagnosis();
    const names = this.#preFilter(profile, state, pod, diagnosis);
    if (names === 'none') return { found: false, diagnosis };
    const nominated = this.#nominated(profile, state, pod, names);
    if (nominated) return { found: true, node: nominated.name, feasible: 1 };
    const candidates = this.#candidates(names);
    const feasible = state.timed('Filter', () => this.#feasible(profile, state, pod, candidates, diagnosis), filterStatus);
    if (feasible.length === 0) return { found: false, diagnosis };
    const best = feasible.length === 1 ? feasible[0] : this.#best(profile, state, pod, feasible);
    return { found: true, node: best?.name ?? '', feasible: feasible.length };
  }

  /** The nodes that are worth a look, undefined being all; `none` when there are none, which the diagnosis explains then. */
  #preFilter(profile: Profile, state: CycleState, pod: PodInfo, diagnosis: Diagnosis): ReadonlySet<string> | undefined | 'none' {
    if (this.#snapshot.nodeCount === 0) {
      for (const name of profile.filterNames) diagnosis.plugins.add(name);
      return 'none';
    }
    const answer = state.timed('PreFilter', () => profile.preFilter(state, pod), preFilterStatus);
    if (!answer.ok) {
      diagnosis.rest = answer.refusal;
      diagnosis.preFilterMessage = answer.refusal.reasons.join(', ');
      diagnosis.plugins.add(answer.refusal.plugin);
      return 'none';
    }
    if (answer.nodeNames) {
      const names = answer.narrowedBy.toSorted();
      diagnosis.rest = refusal(names[0] ?? '', 'UnschedulableAndUnresolvable', `node(s) didn't satisfy plugin(s) [${names.join(' ')}]`);
      for (const name of names) diagnosis.plugins.add(name);
    }
    return answer.nodeNames;
  }

  #candidates(names: ReadonlySet<string> | undefined): readonly NodeInfo[] {
    if (!names) return this.#snapshot.nodes();
    return [...names].flatMap((name) => this.#snapshot.node(name) ?? []);
  }

  /** The node where room was made for the pod, when it does now. */
  #nominated(profile: Profile, state: CycleState, pod: PodInfo, among: ReadonlySet<string> | undefined): NodeInfo | undefined {
    const name = this.#nominator.nodeOf(pod.key);
    const node = name && (!among || among.has(name)) ? this.#snapshot.node(name) : undefined;
    return node && !profile.filter(state, pod, node) ? node : undefined;
  }

  #feasible(
    profile: Profile,
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    diagnosis: Diagnosis,
    isChoiceWanted = profile.hasScores,
  ): NodeInfo[] {
    const enough = isChoiceWanted ? nodesToFind(nodes.length, profile.percentageOfNodesToScore) : 1;
    const filter = profile.filterOf(state);
    const feasible: NodeInfo[] = [];
    const count = nodes.length;
    let at = this.#start % Math.max(count, 1);
    let looked = 0;
    for (; looked < count && feasible.length < enough; looked += 1) {
      const node = nodes[at] as NodeInfo;
      const refused = filter(state, pod, node);
      if (refused) diagnosis.refuse(node, refused);
      else feasible.push(node);
      at = at + 1 === count ? 0 : at + 1;
    }
    if (count === this.#snapshot.nodeCount) this.#start = at;
    return feasible;
  }

  #best(
    profile: Profile,
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    extra?: ReadonlyMap<string, number>,
  ): NodeInfo | undefined {
    const totals = state.timed('Score', () => profile.score(state, pod, nodes));
    if (extra) for (const [i, { name }] of nodes.entries()) totals[i] = (totals[i] as number) + (extra.get(name) ?? 0);
    let best = 0;
    let ties = 1;
    for (let i = 1; i < totals.length; i += 1) {
      const [total, most] = [totals[i] as number, totals[best] as number];
      if (total > most) {
        best = i;
        ties = 1;
      } else if (total === most) {
        ties += 1;
        // Each of the equals is kept with the same probability.
        if (Math.floor(this.#random() * ties) === 0) best = i;
      }
    }
    return nodes[best];
  }
}
