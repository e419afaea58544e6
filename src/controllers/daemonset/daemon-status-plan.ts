import type { DaemonSetStatus } from '../../api/schema/generated/types.ts';
import { availableAtMs, isReady } from '../lib/pod-state-plan.ts';
import { isStored } from '../lib/stored-form-plan.ts';
import { type DaemonView, isAvailable, isCurrent, podsByNode } from './daemon-plan.ts';
import { eligibility } from './daemon-pod-plan.ts';

export interface DaemonStatusPlan {
  /** undefined: it is right already. */
  readonly status: DaemonSetStatus | undefined;
  /** When the next ready pod becomes available, if one has to wait for minReadySeconds. */
  readonly afterMs: number | undefined;
}

/** Counts nodes, not pods: of several pods on one node the oldest speaks for it. */
export function planDaemonStatus(view: Omit<DaemonView, 'failureWaitMs'>): DaemonStatusPlan {
  const { set, nodes, hash, nowMs } = view;
  const byNode = podsByNode(view.pods);
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
  const waits: number[] = [];
  for (const node of nodes) {
    const [pod] = byNode.get(node.metadata?.name ?? '') ?? [];
    if (eligibility(set, node) !== 'runs') {
      if (pod) count.misscheduled += 1;
      continue;
    }
    count.desired += 1;
    if (!pod) continue;
    count.current += 1;
    if (isReady(pod)) count.ready += 1;
    if (isAvailable(pod, view)) count.available += 1;
    if (isCurrent(pod, hash)) count.updated += 1;
  }
  for (const pod of view.pods) {
    const at = availableAtMs(pod, set.spec?.minReadySeconds ?? 0);
    if (at !== undefined && at > nowMs) waits.push(at - nowMs);
  }
  const status: DaemonSetStatus = {
    ...set.status,
    currentNumberScheduled: count.current,
    desiredNumberScheduled: count.desired,
    numberAvailable: count.available,
    numberMisscheduled: count.misscheduled,
    numberReady: count.ready,
    numberUnavailable: count.desired - count.available,
    updatedNumberScheduled: count.updated,
    observedGeneration: set.metadata?.generation,
  };
  return {
    status: isStored(status, set.status, 'DaemonSetStatus') ? undefined : status,
    afterMs: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}
