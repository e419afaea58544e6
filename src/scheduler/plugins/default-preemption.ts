import { podDisruptionBudgets } from '../../api/index.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { type PodInfo, podKey } from '../cache/pod-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { Diagnosis } from '../framework/diagnosis.ts';
import { fitMessage } from '../framework/fit-message-plan.ts';
import type { SchedulerHandle } from '../framework/handle.ts';
import type { PostFilterResult, SchedulerPlugin } from '../framework/plugin.ts';
import { type Refusal, refusal } from '../framework/refusal.ts';
import { findVictims } from '../preemption/dry-run.ts';
import { DISRUPTION_TARGET, Evictor, PREEMPTION_BY_SCHEDULER } from '../preemption/evictor.ts';
import { candidatesToFind, type PreemptionCandidate, pickCandidate } from '../preemption/preemption-plan.ts';

const NAME = 'DefaultPreemption';
const NOT_HELPFUL = refusal(NAME, 'UnschedulableAndUnresolvable', 'Preemption is not helpful for scheduling');
const BUSY = refusal(NAME, 'UnschedulableAndUnresolvable', 'waiting for the preemption for this pod to be finished');

type Candidates = readonly PreemptionCandidate<PodInfo>[];

interface Arguments {
  readonly percentage: number;
  readonly absolute: number;
}

const isLeavingForAnother = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp !== undefined &&
  (status?.conditions?.some(
    ({ type, status: is, reason }) => type === DISRUPTION_TARGET && is === 'True' && reason === PREEMPTION_BY_SCHEDULER,
  ) ??
    false);

class Preemption {
  readonly #args: Arguments;
  readonly #handle: SchedulerHandle;
  readonly #budgets;
  readonly evictor: Evictor;

  constructor(args: Arguments, handle: SchedulerHandle) {
    this.#args = args;
    this.#handle = handle;
    this.#budgets = handle.informers.informer(podDisruptionBudgets);
    this.evictor = new Evictor(NAME, handle);
  }

  run(
    state: CycleState,
    pod: PodInfo,
    diagnosis: Diagnosis,
    options: { signal: AbortSignal },
  ): PostFilterResult | Promise<PostFilterResult> {
    const reason = this.#whyNot(pod, diagnosis);
    if (reason) return { made: 'nothing', message: `preemption: ${reason}` };
    const refusals: Refusal[] = [];
    const candidates = this.#candidates(state, pod, diagnosis, refusals);
    if (candidates.length > 0) {
      return this.#handle.extenders.supportPreemption(pod) ? this.#ask(pod, candidates, options) : this.#makeRoom(pod, candidates);
    }
    const { nodeCount } = this.#handle.snapshot;
    const message = fitMessage({ nodeCount, refusals, rest: NOT_HELPFUL, preFilterMessage: '', postFilterMessage: '' });
    return { made: 'nothing', nominatedNodeName: '', message: `preemption: ${message}` };
  }

  async #ask(pod: PodInfo, candidates: Candidates, options: { signal: AbortSignal }): Promise<PostFilterResult> {
    const { extenders, snapshot } = this.#handle;
    try {
      return this.#makeRoom(pod, await extenders.preempt(pod, candidates, snapshot, options));
    } catch (error) {
      if (isAbort(error, options.signal)) throw error;
      return { made: 'nothing', message: `preemption: ${error instanceof Error ? error.message : error}` };
    }
  }

  #makeRoom(pod: PodInfo, candidates: Candidates): PostFilterResult {
    const candidate = pickCandidate(candidates);
    if (!candidate) return { made: 'nothing', message: 'preemption: no candidate node for preemption' };
    this.evictor.start({ preemptor: pod, victims: candidate.victims, nodeName: candidate.nodeName });
    return { made: 'room', nominatedNodeName: candidate.nodeName, victims: candidate.victims.length };
  }

  /** Why the pod must not preempt (now); undefined when it may. */
  #whyNot({ pod, key, priority }: PodInfo, diagnosis: Diagnosis): string | undefined {
    if (pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
    const name = this.#nominated(key, pod);
    const node = name ? this.#handle.snapshot.node(name) : undefined;
    if (!node || diagnosis.refusalOf(node.name)?.code === 'UnschedulableAndUnresolvable') return undefined;
    for (const other of node.pods()) {
      if (other.priority < priority && isLeavingForAnother(other.pod))
        return 'not eligible due to a terminating pod on the nominated node.';
    }
    return undefined;
  }

  #nominated(key: string, { status }: Pod): string | undefined {
    return this.#handle.nominatedNodeOf(key) ?? status?.nominatedNodeName;
  }

  /** The nodes whose refusal says that it would help if pods left. */
  #helpful(diagnosis: Diagnosis): readonly NodeInfo[] {
    if (diagnosis.size === 0 && diagnosis.rest?.code === 'Unschedulable') return this.#handle.snapshot.nodes();
    return [...diagnosis.entries()].flatMap(([node, { code }]) => (code === 'Unschedulable' ? [node] : []));
  }

  /** Nodes where pods could leave, from a random one on, until there are enough to choose from. */
  #candidates(state: CycleState, pod: PodInfo, diagnosis: Diagnosis, refusals: Refusal[]): Candidates {
    const { random, dryRun } = this.#handle;
    const nodes = this.#helpful(diagnosis);
    const enough = candidatesToFind(nodes.length, this.#args);
    const offset = Math.floor(random() * nodes.length);
    const run = { dryRun, state, pod, budgets: this.#budgets.list() };
    const clean: PreemptionCandidate<PodInfo>[] = [];
    const violating: PreemptionCandidate<PodInfo>[] = [];
    for (let i = 0; i < nodes.length; i += 1) {
      const found = findVictims(NAME, run, nodes[(offset + i) % nodes.length] as NodeInfo);
      if ('code' in found) refusals.push(found);
      else (found.violations === 0 ? clean : violating).push(found);
      if (clean.length > 0 && clean.length + violating.length >= enough) break;
    }
    return [...clean, ...violating];
  }
}

function pluginFor(args: Arguments, handle: SchedulerHandle): SchedulerPlugin {
  const preemption = new Preemption(args, handle);
  return {
    name: NAME,
    // Victims that leave wake the pod through the plugins that refused it; this one only keeps it out while they are asked to.
    events: [],
    preEnqueue: (pod) => (preemption.evictor.isBusyFor(podKey(pod)) ? BUSY : undefined),
    postFilter: (state, pod, diagnosis, options) => preemption.run(state, pod, diagnosis, options),
  };
}

/** Makes room for a pod by asking less important ones to leave (Kubernetes: "Pod Priority and Preemption"). */
export const defaultPreemption: PluginDefinition = {
  name: NAME,
  configure(args) {
    args.known(['minCandidateNodesPercentage', 'minCandidateNodesAbsolute']);
    const read = {
      percentage: args.integer('minCandidateNodesPercentage', 10, { max: 100 }),
      absolute: args.integer('minCandidateNodesAbsolute', 100),
    };
    if (read.percentage === 0 && read.absolute === 0)
      args.report('', 'minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be zero');
    return (handle) => pluginFor(read, handle);
  },
};
