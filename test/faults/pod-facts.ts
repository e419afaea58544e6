import type { KubeObject } from '../../src/api/meta/object.ts';
import type { Job, Pod } from '../../src/api/schema/generated/types.ts';

/* Written anew, not taken from the controllers: what they believe is what is being tested. */

export const isOver = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
export const isGoing = (pod: Pod): boolean => pod.metadata?.deletionTimestamp !== undefined;
export const isReady = (pod: Pod): boolean => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
/** Ready for so long, by the wall clock. */
export const isAvailable = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  isReady(pod) && (minReadySeconds === 0 || readySinceMs(pod) + minReadySeconds * 1000 <= nowMs);
const readySinceMs = (pod: Pod) => Date.parse(pod.status?.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime ?? '');
/** It is there, it has not ended, and nobody has told it to. */
export const isActive = (pod: Pod): boolean => !isOver(pod) && !isGoing(pod);

/** The number at the end of the name of a StatefulSet's pod or claim. */
export const ordinalOf = ({ metadata }: KubeObject): number => Number(metadata?.name?.split('-').at(-1));

export const isJobFinished = ({ status }: Job): boolean =>
  status?.conditions?.some((c) => ['Complete', 'Failed'].includes(c.type) && c.status === 'True') ?? false;

export const ownerOf = (pod: { metadata?: KubeObject['metadata'] }) => pod.metadata?.ownerReferences?.find((o) => o.controller);
