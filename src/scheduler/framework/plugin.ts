import type { Pod } from '../../api/schema/generated/types.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { EventInterest } from './cluster-event.ts';
import type { CycleState } from './cycle-state.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Refusal } from './refusal.ts';

export const MAX_SCORE = 100;

/** Says that a plugin has nothing to do for this pod: its `filter` (or `score`) is not called in this cycle. */
export const SKIP = 'Skip';

/** Narrows the nodes that are looked at, when a plugin knows that no other will do. */
export interface PreFilterResult {
  readonly nodeNames: ReadonlySet<string>;
}

/** What `postFilter` achieved. `nominatedNodeName`: '' takes away the pod's nomination, undefined leaves it. */
export interface PostFilterResult {
  readonly made: 'room' | 'nothing';
  readonly nominatedNodeName?: string;
  readonly message?: string;
  /** How many pods have to leave for the room. */
  readonly victims?: number;
}

/** `wait`: binding is held up until somebody allows or rejects the pod, or for that long. */
export type PermitAnswer = Refusal | { readonly waitMs: number } | undefined;

/**
 * One concern of scheduling, by upstream's extension points (Kubernetes: "Scheduling Framework"). All are optional. What is synchronous runs within one
 * cycle, during which nothing else happens; `preBind`, `bind` run beside the cycles of other pods. Whatever throws fails the pod's cycle as an error: it
 * is tried again after its back-off. Plugins know neither each other nor the loop. Adding one is a file in plugins/ and a line in plugin-registry.ts.
 */
export interface SchedulerPlugin {
  readonly name: string;

  /** Which of two waiting pods is first: negative when `a` is. One plugin alone, the same for all profiles. */
  queueSort?(a: Queued, b: Queued): number;
  /** A refusal keeps the pod out of the queue until an event of `events` concerns it. */
  preEnqueue?(pod: Pod): Refusal | undefined;
  /** What may make this plugin take a pod that it refused. Absent: any event. */
  readonly events?: readonly EventInterest[];

  preFilter?(state: CycleState, pod: PodInfo): typeof SKIP | PreFilterResult | Refusal | undefined;
  /** In a dry run: as if `other` came to the node. `state` is the run's own copy, the node has the pod already. */
  addPod?(state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): void;
  removePod?(state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): void;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Refusal | undefined;
  /** Called when no node will do. May begin what makes room: the outcome is an event later. A promise only where extenders have to be asked. */
  postFilter?(
    state: CycleState,
    pod: PodInfo,
    diagnosis: Diagnosis,
    options: { signal: AbortSignal },
  ): PostFilterResult | Promise<PostFilterResult>;

  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): typeof SKIP | undefined;
  /** Any range when there is `normalizeScores`, else 0 (worst) to 100 (best). */
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** Fits the scores of all nodes to 0…100, in place; same order as the nodes. */
  normalizeScores?(state: CycleState, pod: PodInfo, scores: Float64Array, nodes: readonly NodeInfo[]): void;

  /** Keeps something for the pod in memory. A refusal undoes all reservations. */
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Refusal | undefined;
  /** Undoes `reserve`, which the plugin must have as well; may be called without it, and more than once. */
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  permit?(state: CycleState, pod: PodInfo, nodeName: string): PermitAnswer;
  /** Has `preBind` anything to do for the pod? It is not called otherwise. Absent: it has. */
  preBindWorks?(state: CycleState, pod: PodInfo, nodeName: string): boolean;
  preBind?(state: CycleState, pod: PodInfo, nodeName: string, options: { signal: AbortSignal }): Promise<Refusal | undefined>;
  /** True when this plugin bound the pod; false leaves it to the next. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string, options: { signal: AbortSignal }): Promise<boolean>;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
}

/** A waiting pod as `queueSort` sees it. */
export interface Queued {
  readonly info: PodInfo;
  /** When it came into the active queue, on the monotonic clock. */
  readonly sinceMs: number;
  /** Order of arrival, for those that came in the same moment. */
  readonly serial: number;
}
