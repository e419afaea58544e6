import type { KubeObject } from '../../api/meta/object.ts';
import type { LabelSelector, Pod, PodTemplateSpec, ReplicaSetCondition, ReplicaSetStatus } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { rankForDeletion } from '../lib/pod-ranking-plan.ts';
import { availableAtMs, isActive, isFinished, isReady } from '../lib/pod-state-plan.ts';
import { canonical } from '../lib/template-hash-plan.ts';

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
}

/** How many pods are to be made, or which are to go. `related`: active pods of the sibling sets, to thin out crowded nodes. */
export function planReplicas(owner: Replicated, owned: readonly Pod[], related: readonly Pod[], nowMs: number): ReplicasPlan {
  if (owner.metadata?.deletionTimestamp) return { create: 0, remove: [] };
  const active = owned.filter(isActive);
  const surplus = active.length - (owner.spec?.replicas ?? 1);
  if (surplus <= 0) return { create: Math.min(-surplus, BURST), remove: [] };
  const crowd = new Map<string, number>();
  for (const { spec } of related.filter(isActive)) {
    if (spec?.nodeName) crowd.set(spec.nodeName, (crowd.get(spec.nodeName) ?? 0) + 1);
  }
  return { create: 0, remove: rankForDeletion(active, crowd, nowMs).slice(0, Math.min(surplus, BURST)) };
}

/** What went wrong with the pods in this run. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

function conditionsOf(status: ReplicaSetStatus | undefined, failure: ReplicaFailure | undefined, nowMs: number): ReplicaSetCondition[] {
  const others = (status?.conditions ?? []).filter((c) => c.type !== 'ReplicaFailure');
  if (!failure) return others;
  const old = status?.conditions?.find((c) => c.type === 'ReplicaFailure');
  if (old?.reason === failure.reason && old.message === failure.message) return [...others, old];
  return [...others, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: rfc3339(nowMs), ...failure }];
}

export interface StatusPlan {
  /** undefined: it is right already. */
  readonly status: ReplicaSetStatus | undefined;
  /** When the next ready pod becomes available, if one has to wait for minReadySeconds. */
  readonly afterMs: number | undefined;
}

export function planStatus(owner: Replicated, owned: readonly Pod[], failure: ReplicaFailure | undefined, nowMs: number): StatusPlan {
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  const templateLabels = Object.entries(owner.spec?.template?.metadata?.labels ?? {});
  const active = owned.filter(isActive);
  const availableAt = active.map((pod) => availableAtMs(pod, minReadySeconds)).filter((at) => at !== undefined);
  const waiting = availableAt.filter((at) => at > nowMs);
  const conditions = conditionsOf(owner.status, failure, nowMs);
  const status: ReplicaSetStatus = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => templateLabels.every(([key, value]) => pod.metadata?.labels?.[key] === value)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: availableAt.length - waiting.length,
    terminatingReplicas: owned.filter((pod) => pod.metadata?.deletionTimestamp && !isFinished(pod)).length,
    observedGeneration: owner.metadata?.generation,
    ...(conditions.length > 0 && { conditions }),
  };
  return {
    status: canonical(status) === canonical(owner.status) ? undefined : status,
    afterMs: waiting.length > 0 ? Math.min(...waiting) - nowMs : undefined,
  };
}
