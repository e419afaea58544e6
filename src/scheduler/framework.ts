import type { Node, Pod } from '../api/schema/generated/types.ts';
import type { HostPort, NodeState } from './node-state.ts';
import type { Resources } from './resources.ts';

/** A pod that looks for a node, with what every plugin would otherwise compute again for each node. */
export interface Candidate {
  readonly pod: Pod;
  readonly requests: Resources;
  readonly hostPorts: readonly HostPort[];
}

/**
 * Why a node was refused, in the words of upstream's FailedScheduling event. `permanent`: no pod that leaves the node would help, so preemption
 * need not look at it.
 */
export interface Refusal {
  readonly reason: string;
  readonly permanent: boolean;
}

/** What a plugin may look at: the node and the pods on it, as of one moment. */
export interface NodeView {
  readonly node: Node;
  readonly state: NodeState;
}

/**
 * One concern of scheduling: it can refuse nodes, score them, or both. Plugins are pure: they decide about one pod and one node and know neither
 * each other nor the API. Adding one is a file in plugins/ and a line in plugin-order.ts.
 */
export interface SchedulerPlugin {
  readonly name: string;
  /** undefined: the node will do. Called for every node until one plugin refuses it. */
  filter?(candidate: Candidate, view: NodeView): Refusal | undefined;
  /** 0 (worst) to 100 (best), before the weight. */
  score?(candidate: Candidate, view: NodeView): number;
  /** How much `score` counts; 1 when absent. */
  readonly weight?: number;
  /** Fits raw scores of any range to 0…100 once all nodes are scored. `reverse`: a high raw score is bad. */
  readonly normalize?: 'highest' | 'reverse';
}

export const MAX_SCORE = 100;

export const refuse = (reason: string, options: { permanent?: boolean } = {}): Refusal => ({
  reason,
  permanent: options.permanent ?? false,
});
