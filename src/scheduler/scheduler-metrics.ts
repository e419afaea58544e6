import { registry } from '../api/index.ts';
import { Action, type ClusterEvent } from './framework/cluster-event.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';
export type WaitingPlace = 'active' | 'backoff' | 'unschedulable' | 'gated';

/** What there is to see of a scheduler at a moment. */
export interface SchedulerState {
  readonly pending: Readonly<Record<WaitingPlace, number>>;
  /** Pods that wait, by the plugins that refused them. */
  readonly refused: Iterable<{ readonly plugin: string; readonly profile: string; readonly pods: number }>;
  /** Decisions on their way into the API. */
  readonly bindings: number;
  /** What the scheduler knows of: pods are those with a node, and assumed those of them that the API does not know of yet. */
  readonly cached: { readonly nodes: number; readonly pods: number; readonly assumed: number };
  /** How often plugins were asked. */
  readonly evaluated: Iterable<{ readonly plugin: string; readonly point: string; readonly profile: string; readonly count: number }>;
}

/** What the scheduler tells of its work. Calls come from within the decision about a pod: they must cost nothing to speak of. */
export interface SchedulerMetrics {
  /** A pod had its turn, up to the outcome in the API. */
  attempted(result: AttemptResult, profile: string, seconds: number): void;
  /** A node was chosen for a pod. */
  decided(seconds: number): void;
  /** A pod that permit plugins held up goes on, or not. */
  permitted(result: 'Success' | 'Unschedulable' | 'Error', seconds: number): void;
  /** A pod has its node, after so many turns, and so long after the first of them began. */
  scheduled(attempts: number, seconds: number): void;
  incoming(place: WaitingPlace, event: string): void;
  /** undefined: no room could be made. */
  preempted(victims: number | undefined): void;
  /** Of one cycle in ten. */
  extensionPoint(point: string, status: string, profile: string, seconds: number): void;
  /** Asked when somebody looks. */
  shows(state: () => SchedulerState): void;
}

export const NO_METRICS: SchedulerMetrics = {
  attempted() {},
  decided() {},
  permitted() {},
  scheduled() {},
  incoming() {},
  preempted() {},
  extensionPoint() {},
  shows() {},
};

/** Upstream's names of what happens to pods in the queue. */
export const QUEUE_EVENTS = {
  added: 'UnschedulablePodAdd',
  failed: 'ScheduleAttemptFailure',
  backedOff: 'BackoffComplete',
  early: 'PopFromBackoffQ',
  forced: 'ForceActivate',
  timedOut: 'UnschedulableTimeout',
  updated: 'UnschedulablePodUpdate',
} as const;

const RESOURCES: Readonly<Record<string, string>> = {
  nodes: 'Node',
  'pods/assigned': 'AssignedPod',
  'pods/unscheduled': 'UnschedulablePod',
};
const ACTIONS: readonly (readonly [action: number, name: string])[] = [
  [Action.add, 'Add'],
  [Action.delete, 'Delete'],
  [Action.nodeAllocatable, 'UpdateNodeAllocatable'],
  [Action.nodeLabels, 'UpdateNodeLabel'],
  [Action.nodeTaints, 'UpdateNodeTaint'],
  [Action.nodeConditions, 'UpdateNodeCondition'],
  [Action.nodeAnnotations, 'UpdateNodeAnnotation'],
  [Action.nodeDeclaredFeatures, 'UpdateNodeDeclaredFeature'],
  [Action.podLabels, 'UpdatePodLabel'],
  [Action.podScaleDown, 'UpdatePodScaleDown'],
  [Action.podTolerations, 'UpdatePodToleration'],
  [Action.podGatesGone, 'UpdatePodSchedulingGatesEliminated'],
  [Action.podResourceClaims, 'UpdatePodGeneratedResourceClaim'],
];
const known = new Map<string, string>();

/** `NodeUpdateNodeLabel`, `PersistentVolumeAdd`: what upstream's metrics call an event. Of several at once the first. */
export function eventName({ resource, actions }: Pick<ClusterEvent, 'resource' | 'actions'>): string {
  const key = `${resource} ${actions}`;
  const before = known.get(key);
  if (before) return before;
  const [, action = 'Update'] = ACTIONS.find(([flag]) => (actions & flag) !== 0) ?? [];
  const definition = registry.byId(resource);
  const kind = definition ? (definition.group ? `${definition.group}/${definition.kind}` : definition.kind) : resource;
  const name = `${RESOURCES[resource] ?? kind}${action}`;
  known.set(key, name);
  return name;
}
