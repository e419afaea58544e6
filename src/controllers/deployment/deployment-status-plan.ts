import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { boundsOf, sizeOf, total } from './rolling-plan.ts';

type Condition = DeploymentCondition;
type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** What is new about the rollout in this run, beyond what the counts say. */
export type RolloutNews =
  | { readonly is: 'nothing' }
  | { readonly is: 'created'; readonly name: string }
  | { readonly is: 'found'; readonly name: string }
  | { readonly is: 'failed-create'; readonly message: string }
  | { readonly is: 'paused' }
  | { readonly is: 'resumed' };

/** An absent deadline, or this value, means none (upstream: HasProgressDeadline). */
const NO_DEADLINE = 2 ** 31 - 1;

export const deadlineSeconds = ({ spec }: Deployment): number | undefined =>
  spec?.progressDeadlineSeconds === undefined || spec.progressDeadlineSeconds === NO_DEADLINE ? undefined : spec.progressDeadlineSeconds;

const find = (conditions: readonly Condition[] | undefined, type: string) => conditions?.find((c) => c.type === type);

/** Sets a condition; the transition time moves with the status, the update time with every change of status or reason. */
function put(conditions: readonly Condition[], verdict: Verdict, now: string): Condition[] {
  const old = find(conditions, verdict.type);
  if (old?.status === verdict.status && old.reason === verdict.reason) return [...conditions];
  return renew(conditions, verdict, now);
}

function renew(conditions: readonly Condition[], verdict: Verdict, now: string): Condition[] {
  const old = find(conditions, verdict.type);
  const since = old?.status === verdict.status ? (old.lastTransitionTime ?? now) : now;
  return [...conditions.filter((c) => c.type !== verdict.type), { ...verdict, lastUpdateTime: now, lastTransitionTime: since }];
}

const progressing = (status: 'True' | 'False' | 'Unknown', reason: string, message: string): Verdict => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

export function countsOf(deployment: Deployment, current: ReplicaSet | undefined, all: readonly ReplicaSet[]): DeploymentStatus {
  const available = total(all, (rs) => rs.status?.availableReplicas ?? 0);
  return {
    observedGeneration: deployment.metadata?.generation,
    replicas: total(all, (rs) => rs.status?.replicas ?? 0),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total(all, (rs) => rs.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(total(all, sizeOf) - available, 0),
    terminatingReplicas: total(all, (rs) => rs.status?.terminatingReplicas ?? 0),
    ...(deployment.status?.collisionCount !== undefined && { collisionCount: deployment.status.collisionCount }),
  };
}

/** Everything is on the new template and available, and the controller has seen the newest spec. */
export function isComplete(deployment: Deployment, counts: DeploymentStatus): boolean {
  const desired = deployment.spec?.replicas ?? 1;
  return (
    counts.updatedReplicas === desired &&
    counts.replicas === desired &&
    counts.availableReplicas === desired &&
    (counts.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

function hasMoved({ status: old = {} }: Deployment, counts: DeploymentStatus): boolean {
  const rest = (s: DeploymentStatus) => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  return (
    (counts.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    rest(counts) < rest(old) ||
    (counts.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (counts.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function deadlineMs(deployment: Deployment, condition: Condition | undefined): number | undefined {
  const seconds = deadlineSeconds(deployment);
  if (seconds === undefined || !condition?.lastUpdateTime || condition.reason === 'NewReplicaSetAvailable') return undefined;
  return Date.parse(condition.lastUpdateTime) + seconds * 1000;
}

export interface DeploymentStatusPlan {
  readonly status: DeploymentStatus;
  /** When the progress deadline is to be looked at. */
  readonly afterMs: number | undefined;
}

export interface StatusView {
  readonly deployment: Deployment;
  readonly current: ReplicaSet | undefined;
  readonly all: readonly ReplicaSet[];
  readonly news: RolloutNews;
  /** Progress is judged, and a failure of its ReplicaSets shown, in the run of a rollout alone (upstream: syncRolloutStatus). */
  readonly isRollout: boolean;
  readonly nowMs: number;
}

/** Counts and the conditions Available, Progressing and ReplicaFailure (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status). */
export function planDeploymentStatus(view: StatusView): DeploymentStatusPlan {
  const { deployment, current, all, isRollout, nowMs } = view;
  const now = rfc3339(nowMs);
  const counts = countsOf(deployment, current, all);
  const { desired, unavailable } = boundsOf(deployment);
  const isAvailable = (counts.availableReplicas ?? 0) >= desired - unavailable;
  let conditions = put(
    deployment.status?.conditions ?? [],
    isAvailable
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    now,
  );
  conditions = progress(view, counts, conditions);
  if (isRollout) conditions = replicaFailure(conditions, current, all);
  const dueMs =
    isComplete(deployment, counts) || deployment.spec?.paused ? undefined : deadlineMs(deployment, find(conditions, 'Progressing'));
  return {
    status: { ...counts, conditions },
    afterMs: dueMs === undefined || dueMs < nowMs ? undefined : dueMs - nowMs + 1000,
  };
}

function progress(
  { deployment, current, news, isRollout, nowMs }: StatusView,
  counts: DeploymentStatus,
  conditions: Condition[],
): Condition[] {
  if (deadlineSeconds(deployment) === undefined) return conditions.filter((c) => c.type !== 'Progressing');
  const now = rfc3339(nowMs);
  const told = tell(conditions, news);
  if (told) return put(conditions, told, now);
  if (!isRollout) return conditions;
  const old = find(conditions, 'Progressing');
  const isSettled = counts.replicas === counts.updatedReplicas && old?.reason === 'NewReplicaSetAvailable';
  if (isSettled) return conditions;
  const subject = current ? `ReplicaSet "${current.metadata?.name}"` : `Deployment "${deployment.metadata?.name}"`;
  if (isComplete(deployment, counts)) {
    return put(conditions, progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`), now);
  }
  if (hasMoved(deployment, counts)) return renew(conditions, progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`), now);
  const dueMs = deadlineMs(deployment, old);
  if (old && dueMs !== undefined && dueMs < nowMs) {
    return put(conditions, progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`), now);
  }
  return conditions;
}

function tell(conditions: readonly Condition[], news: RolloutNews): Verdict | undefined {
  switch (news.is) {
    case 'created':
      return progressing('True', 'NewReplicaSetCreated', `Created new replica set "${news.name}"`);
    case 'found':
      return find(conditions, 'Progressing')
        ? undefined
        : progressing('True', 'FoundNewReplicaSet', `Found new replica set "${news.name}"`);
    case 'failed-create':
      return progressing('False', 'ReplicaSetCreateError', news.message);
    case 'paused':
      return progressing('Unknown', 'DeploymentPaused', 'Deployment is paused');
    case 'resumed':
      return progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
    case 'nothing':
      return undefined;
  }
}

/** Upstream shows the new ReplicaSet's failure, or else one of an old. */
function replicaFailure(conditions: Condition[], current: ReplicaSet | undefined, all: readonly ReplicaSet[]): Condition[] {
  const old = find(conditions, 'ReplicaFailure');
  const others = conditions.filter((c) => c !== old);
  const ordered = current ? [current, ...all] : all;
  const failure = ordered.flatMap((rs) => rs.status?.conditions ?? []).find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  if (!failure) return others;
  const { status, reason, message, lastTransitionTime } = failure;
  if (old?.status === status && old.reason === reason) return conditions;
  return [...others, { type: 'ReplicaFailure', status, reason, message, lastTransitionTime, lastUpdateTime: lastTransitionTime }];
}
