import type { KubeObject } from '../../api/meta/object.ts';
import type { LabelSelector, Pod, PodTemplateSpec, ReplicaSetCondition, ReplicaSetStatus } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { rankForDeletion } from '../lib/pod-ranking-plan.ts';
import { availableAtMs, isActive, isFinished, isRefused } from '../lib/pod-state-plan.ts';
import { isStored } from '../lib/stored-form-plan.ts';

/** What ReplicaSets and ReplicationControllers have in common: so many pods of one template. */
export interface Replicated extends KubeObject {
  spec?: { replicas?: number; minReadySeconds?: number; selector?: LabelSelector | Record<string, string>; template?: PodTemplateSpec };
  status?: ReplicaSetStatus;
}

/** At most this many creations or deletions in one go (upstream: BurstReplicas). */
const BURST = 500;

export interface ReplicasPlan {
  readonly create: number;
  readonly remove: readonly Pod[];
  /** Pods are missing, and it is too early to make them. */
  readonly afterMs?: number;
}

/** Refusals by nodes count for so long. */
const REFUSAL_MS = 10 * 60_000;
const MOST_DELAY_MS = 60_000;

/**
 * How long to wait before `missing` pods are made anew. A template that names a node which refuses its pods would make pods without end, as fast as the cluster
 * can; upstream's controllers are held up by the rate that their clients are allowed. The first refusal costs nothing, each that follows doubles the time.
 */
function delayMs(owned: readonly Pod[], missing: number, nowMs: number): number {
  const times = owned.filter(isRefused).map(({ metadata }) => Date.parse(metadata?.creationTimestamp ?? ''));
  const recent = times.filter((atMs) => nowMs - atMs < REFUSAL_MS);
  const rounds = Math.floor(recent.length / missing);
  if (rounds < 2) return 0;
  const delay = Math.min(1000 * 2 ** (rounds - 2), MOST_DELAY_MS);
  // The clock may have been set back since.
  return Math.min(delay, Math.max(0, Math.max(...recent) + delay - nowMs));
}

/** How many pods are to be made, or which are to go. `related`: pods of the sibling sets, to thin out crowded nodes; asked for when some are to go. */
export function planReplicas(owner: Replicated, owned: readonly Pod[], related: () => readonly Pod[], nowMs: number): ReplicasPlan {
  if (owner.metadata?.deletionTimestamp) return { create: 0, remove: [] };
  const active = owned.filter(isActive);
  const surplus = active.length - (owner.spec?.replicas ?? 1);
  if (surplus <= 0) {
    const afterMs = surplus === 0 ? 0 : delayMs(owned, -surplus, nowMs);
    return afterMs > 0 ? { create: 0, remove: [], afterMs } : { create: Math.min(-surplus, BURST), remove: [] };
  }
  const crowd = new Map<string, number>();
  for (const { spec } of related().filter(isActive)) {
    if (spec?.nodeName) crowd.set(spec.nodeName, (crowd.get(spec.nodeName) ?? 0) + 1);
  }
  return { create: 0, remove: rankForDeletion(active, crowd, nowMs).slice(0, Math.min(surplus, BURST)) };
}

/** What went wrong with the pods in this run. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

/** The first failure is shown until there is none: messages name the pod that was tried, and a write for each would be the next try at once. */
function conditionsOf(status: ReplicaSetStatus | undefined, failure: ReplicaFailure | undefined, nowMs: number): ReplicaSetCondition[] {
  const others = (status?.conditions ?? []).filter((c) => c.type !== 'ReplicaFailure');
  if (!failure) return others;
  const old = status?.conditions?.find((c) => c.type === 'ReplicaFailure');
  if (old) return [...others, old];
  return [...others, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: rfc3339(nowMs), ...failure }];
}

export interface StatusPlan {
  /** undefined: it is right already. */
  readonly status: ReplicaSetStatus | undefined;
  /** When the next ready pod becomes available, if one has to wait for minReadySeconds. */
  readonly afterMs: number | undefined;
}

interface Counts {
  active: number;
  labelled: number;
  ready: number;
  available: number;
  terminating: number;
  /** When the next one is available. */
  nextAtMs: number | undefined;
}

/** One pass: there may be thousands, and each of their changes brings another. */
function countPods({ spec }: Replicated, owned: readonly Pod[], nowMs: number): Counts {
  const minReadySeconds = spec?.minReadySeconds ?? 0;
  const templateLabels = Object.entries(spec?.template?.metadata?.labels ?? {});
  const counts: Counts = { active: 0, labelled: 0, ready: 0, available: 0, terminating: 0, nextAtMs: undefined };
  for (const pod of owned) {
    if (isFinished(pod)) continue;
    if (pod.metadata?.deletionTimestamp) {
      counts.terminating += 1;
      continue;
    }
    counts.active += 1;
    if (templateLabels.every(([key, value]) => pod.metadata?.labels?.[key] === value)) counts.labelled += 1;
    const atMs = availableAtMs(pod, minReadySeconds);
    if (atMs === undefined) continue;
    counts.ready += 1;
    if (atMs <= nowMs) counts.available += 1;
    else counts.nextAtMs = Math.min(counts.nextAtMs ?? atMs, atMs);
  }
  return counts;
}

export function planStatus(owner: Replicated, owned: readonly Pod[], failure: ReplicaFailure | undefined, nowMs: number): StatusPlan {
  const counts = countPods(owner, owned, nowMs);
  const conditions = conditionsOf(owner.status, failure, nowMs);
  const status: ReplicaSetStatus = {
    replicas: counts.active,
    fullyLabeledReplicas: counts.labelled,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    terminatingReplicas: counts.terminating,
    observedGeneration: owner.metadata?.generation,
    ...(conditions.length > 0 && { conditions }),
  };
  return {
    status: isStored(status, owner.status, 'ReplicaSetStatus') ? undefined : status,
    afterMs: counts.nextAtMs === undefined ? undefined : counts.nextAtMs - nowMs,
  };
}
