import type { Deployment, ReplicaSet } from '../../api/schema/generated/types.ts';
import { countIn, DESIRED_REPLICAS, MAX_REPLICAS } from './deployment-annotations-plan.ts';

/** How many pods more than wanted, and how many fewer, a rollout may have. */
export interface Bounds {
  readonly desired: number;
  readonly surge: number;
  readonly unavailable: number;
}

/** New sizes by ReplicaSet; those that stay are not mentioned. */
export type Sizes = ReadonlyMap<ReplicaSet, number>;

export const sizeOf = (replicaSet: ReplicaSet): number => replicaSet.spec?.replicas ?? 0;
const availableOf = (replicaSet: ReplicaSet) => replicaSet.status?.availableReplicas ?? 0;
const createdAt = (replicaSet: ReplicaSet) => replicaSet.metadata?.creationTimestamp ?? '';
const nameOf = (replicaSet: ReplicaSet) => replicaSet.metadata?.name ?? '';

export const total = (replicaSets: readonly ReplicaSet[], of: (replicaSet: ReplicaSet) => number): number =>
  replicaSets.reduce((sum, replicaSet) => sum + of(replicaSet), 0);

export const oldestFirst = (a: ReplicaSet, b: ReplicaSet): number =>
  createdAt(a) === createdAt(b) ? (nameOf(a) < nameOf(b) ? -1 : 1) : createdAt(a) < createdAt(b) ? -1 : 1;

/** `25%` of the desired number, or the number itself. */
function scaled(value: number | string | undefined, desired: number, round: (n: number) => number): number {
  if (typeof value === 'number') return value;
  const text = value ?? '25%';
  return text.endsWith('%') ? round((Number.parseInt(text, 10) * desired) / 100) : Number.parseInt(text, 10) || 0;
}

/** Surge rounds up, unavailable down; if both came to nothing one may be unavailable, or no rollout could ever move. */
export function boundsOf({ spec }: Deployment): Bounds {
  const desired = spec?.replicas ?? 1;
  if (spec?.strategy?.type === 'Recreate') return { desired, surge: 0, unavailable: 0 };
  const { maxSurge, maxUnavailable } = spec?.strategy?.rollingUpdate ?? {};
  const surge = scaled(maxSurge, desired, Math.ceil);
  const unavailable = scaled(maxUnavailable, desired, Math.floor);
  return { desired, surge, unavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, desired) };
}

/** The size that the current ReplicaSet may have now. */
export function nextSize(current: number, all: readonly ReplicaSet[], { desired, surge }: Bounds, strategy: string): number {
  if (strategy === 'Recreate' || current >= desired) return desired;
  const room = desired + surge - total(all, sizeOf);
  return room <= 0 ? current : current + Math.min(room, desired - current);
}

/** How the old ReplicaSets shrink: first what is not available anyway, then as far as enough stays available. */
export function shrinkOld(current: ReplicaSet, old: readonly ReplicaSet[], { desired, unavailable }: Bounds): Sizes {
  const sizes = new Map(old.map((replicaSet) => [replicaSet, sizeOf(replicaSet)]));
  const all = [current, ...old];
  const leastAvailable = desired - unavailable;
  const currentMissing = sizeOf(current) - availableOf(current);
  let budget = total(all, sizeOf) - leastAvailable - currentMissing;
  const ordered = [...old].sort(oldestFirst);
  for (const replicaSet of ordered) {
    const unhealthy = Math.min(Math.max(budget, 0), Math.max(sizeOf(replicaSet) - availableOf(replicaSet), 0));
    sizes.set(replicaSet, sizeOf(replicaSet) - unhealthy);
    budget -= unhealthy;
  }
  let spare = Math.min(budget, total(all, availableOf) - leastAvailable);
  for (const replicaSet of ordered) {
    const size = sizes.get(replicaSet) ?? 0;
    const step = Math.min(Math.max(spare, 0), size);
    sizes.set(replicaSet, size - step);
    spare -= step;
  }
  return new Map([...sizes].filter(([replicaSet, size]) => size !== sizeOf(replicaSet)));
}

/** Was spec.replicas changed since the ReplicaSets were last sized? Then the change comes before the rollout goes on. */
export const isScaling = (all: readonly ReplicaSet[], desired: number): boolean =>
  all.some((replicaSet) => sizeOf(replicaSet) > 0 && (countIn(replicaSet, DESIRED_REPLICAS) ?? desired) !== desired);

/** Sizes after spec.replicas changed, or while paused: one active ReplicaSet takes it all, several share it in proportion. */
export function proportionalSizes(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  bounds: Bounds,
): Sizes {
  const all = [...(current ? [current] : []), ...old];
  const active = all.filter((replicaSet) => sizeOf(replicaSet) > 0);
  const only = active.length <= 1 ? (active[0] ?? current ?? [...old].sort(oldestFirst).at(-1)) : undefined;
  if (only) return new Map([[only, bounds.desired]]);
  if (active.length === 0) return new Map();
  if (current && isSaturated(current, bounds.desired)) {
    return new Map(active.filter((replicaSet) => replicaSet !== current).map((replicaSet) => [replicaSet, 0]));
  }
  if (deployment.spec?.strategy?.type === 'Recreate') return new Map();
  return share(deployment, active, bounds);
}

const isSaturated = (replicaSet: ReplicaSet, desired: number) =>
  sizeOf(replicaSet) === desired && countIn(replicaSet, DESIRED_REPLICAS) === desired && availableOf(replicaSet) === desired;

function share(deployment: Deployment, active: readonly ReplicaSet[], { desired, surge }: Bounds): Sizes {
  const most = desired > 0 ? desired + surge : 0;
  const toAdd = most - total(active, sizeOf);
  // The largest first; among equals the newest grows first and the oldest shrinks first.
  const ordered = [...active].sort((a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? oldestFirst(b, a) : oldestFirst(a, b)));
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const replicaSet of ordered) {
    const wanted = toAdd === 0 ? 0 : fairChange(deployment, replicaSet, desired, surge);
    const left = toAdd - added;
    const change = left === 0 ? 0 : toAdd > 0 ? Math.min(wanted, left) : Math.max(wanted, left);
    sizes.set(replicaSet, sizeOf(replicaSet) + change);
    added += change;
  }
  const [largest] = ordered;
  if (largest && added !== toAdd) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added));
  return sizes;
}

/** How much this ReplicaSet changes so that its part of the whole stays what it was. */
function fairChange({ status }: Deployment, replicaSet: ReplicaSet, desired: number, surge: number): number {
  if (desired === 0) return -sizeOf(replicaSet);
  const mostBefore = countIn(replicaSet, MAX_REPLICAS) || status?.replicas;
  if (!mostBefore) return 0;
  return Math.round((sizeOf(replicaSet) * (desired + surge)) / mostBefore) - sizeOf(replicaSet);
}
