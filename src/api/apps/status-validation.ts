import { type FieldError, invalid } from '../meta/field-error.ts';
import { checkNonNegative } from '../meta/validation.ts';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../schema/generated/types.ts';

/** Statuses of workloads, by what counts mean of one another (kubernetes, pkg/apis/apps/validation). */

type Counts = Readonly<Record<string, unknown>>;

const countOf = (status: Counts, field: string): number => Number(status[field] ?? 0);

const checkCounts = (status: Counts, fields: readonly string[]): FieldError[] =>
  fields.flatMap((field) => checkNonNegative(`status.${field}`, status[field] as number | undefined));

function checkNotAbove(status: Counts, fields: readonly string[], whole: string, shown = `status.${whole}`): FieldError[] {
  return fields
    .filter((field) => countOf(status, field) > countOf(status, whole))
    .map((field) => invalid(`status.${field}`, countOf(status, field), `cannot be greater than ${shown}`));
}

/** A count of collisions is part of the names of what was made since. */
function checkCollisions(status: Counts, old: Counts): FieldError[] {
  if (old.collisionCount === undefined) return [];
  const now = countOf(status, 'collisionCount');
  const fewer = status.collisionCount === undefined || now < countOf(old, 'collisionCount');
  return fewer ? [invalid('status.collisionCount', now, 'cannot be decremented')] : [];
}

const countsIn = (object: { status?: object }): Counts => (object.status ?? {}) as Counts;

const DEPLOYMENT_COUNTS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
];

export function checkDeploymentStatus(deployment: Deployment, old: Deployment): FieldError[] {
  const status = countsIn(deployment);
  return [
    ...checkCounts(status, DEPLOYMENT_COUNTS),
    ...checkNotAbove(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'replicas'),
    ...checkNotAbove(status, ['availableReplicas'], 'readyReplicas', 'readyReplicas'),
    ...checkCollisions(status, countsIn(old)),
  ];
}

const REPLICA_SET_COUNTS = [
  'replicas',
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'observedGeneration',
  'terminatingReplicas',
];

export function checkReplicaSetStatus(replicaSet: ReplicaSet): FieldError[] {
  const status = countsIn(replicaSet);
  return [
    ...checkCounts(status, REPLICA_SET_COUNTS),
    ...checkNotAbove(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], 'replicas'),
    ...checkNotAbove(status, ['availableReplicas'], 'readyReplicas', 'readyReplicas'),
  ];
}

const STATEFUL_SET_COUNTS = [
  'replicas',
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
  'observedGeneration',
  'collisionCount',
];

export function checkStatefulSetStatus(statefulSet: StatefulSet, old: StatefulSet): FieldError[] {
  const status = countsIn(statefulSet);
  return [
    ...checkCounts(status, STATEFUL_SET_COUNTS),
    ...checkNotAbove(status, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'], 'replicas'),
    ...checkNotAbove(status, ['availableReplicas'], 'readyReplicas'),
    ...checkCollisions(status, countsIn(old)),
  ];
}

const DAEMON_SET_COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
];

export function checkDaemonSetStatus(daemonSet: DaemonSet, old: DaemonSet): FieldError[] {
  const status = countsIn(daemonSet);
  return [...checkCounts(status, DAEMON_SET_COUNTS), ...checkCollisions(status, countsIn(old))];
}
