import type { Pod, PodCondition } from '../api/schema/generated/types.ts';

/** Events take no longer notes (events.k8s.io/v1). */
const MAX_NOTE = 1024;
const ELLIPSIS = ' ...';

export const truncateNote = (text: string): string =>
  text.length <= MAX_NOTE ? text : `${text.slice(0, MAX_NOTE - ELLIPSIS.length)}${ELLIPSIS}`;

export interface SchedulingFailure {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** '' takes the nomination away, undefined leaves it. */
  readonly nominatedNodeName: string | undefined;
}

/** The strategic merge patch of the pod's status that says why it waits; undefined when the status says so already. */
export function failurePatch(pod: Pod, { reason, message, nominatedNodeName }: SchedulingFailure, now: string): object | undefined {
  const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const isSaid = known?.status === 'False' && known.reason === reason && known.message === message;
  const isNominated = nominatedNodeName === undefined || nominatedNodeName === (pod.status?.nominatedNodeName ?? '');
  if (isSaid && isNominated) return undefined;
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    lastTransitionTime: known?.status === 'False' && known.lastTransitionTime ? known.lastTransitionTime : now,
  };
  return {
    status: {
      ...(!isSaid && { conditions: [condition] }),
      ...(!isNominated && { nominatedNodeName: nominatedNodeName || null }),
    },
  };
}
