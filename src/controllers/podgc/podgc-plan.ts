import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { isFinished } from '../lib/pod-state-plan.ts';

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

const isEvicted = ({ status }: Pod) => status?.phase === 'Failed' && status.reason === 'Evicted';

/** Ended pods beyond the limit: evicted ones first, then the oldest. */
export function surplus(ended: readonly Pod[], limit: number): Pod[] {
  if (ended.length <= limit) return [];
  const order = (pod: Pod) => `${isEvicted(pod) ? 0 : 1} ${pod.metadata?.creationTimestamp} ${pod.metadata?.name}`;
  const ordered = ended.map((pod) => ({ pod, order: order(pod) })).sort((a, b) => (a.order < b.order ? -1 : 1));
  return ordered.slice(0, ended.length - limit).map(({ pod }) => pod);
}

/** Why nobody else will end this pod. `missing-node`: if the node is really gone. */
export type Abandonment = 'unscheduled' | 'out-of-service' | 'missing-node';

export function abandonment(pod: Pod, node: Node | undefined): Abandonment | undefined {
  const isGoing = pod.metadata?.deletionTimestamp !== undefined;
  if (!pod.spec?.nodeName) return isGoing ? 'unscheduled' : undefined;
  if (!node) return 'missing-node';
  const isReady = node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
  const isOut = node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false;
  return isGoing && !isReady && isOut ? 'out-of-service' : undefined;
}

/** What the pod's status is to say before it goes; undefined when it has ended by itself. */
export function failedStatus(pod: Pod, why: Abandonment | 'surplus', now: string): Pod['status'] | undefined {
  if (isFinished(pod)) return undefined;
  const disrupted = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
    lastTransitionTime: now,
  };
  return { phase: 'Failed', ...(why === 'missing-node' && { conditions: [disrupted] }) };
}
