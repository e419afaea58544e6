import type { KubeObject } from '../../api/meta/object.ts';
import type { Pod } from '../../api/schema/generated/types.ts';

/** What happened to an object, as flags: an event may be several at once, and a plugin may wait for several. */
export const Action = {
  add: 1 << 0,
  delete: 1 << 1,
  /** Of a kind whose changes are not told apart. */
  update: 1 << 2,
  nodeAllocatable: 1 << 3,
  nodeLabels: 1 << 4,
  nodeTaints: 1 << 5,
  nodeConditions: 1 << 6,
  nodeAnnotations: 1 << 7,
  nodeDeclaredFeatures: 1 << 8,
  podLabels: 1 << 9,
  /** Requests became smaller: resize in place. */
  podScaleDown: 1 << 10,
  podTolerations: 1 << 11,
  podGatesGone: 1 << 12,
  podResourceClaims: 1 << 13,
} as const;

/**
 * Whose change it is: `nodes`; `pods/assigned` for pods that have a node; `pods/unscheduled` for the waiting pod itself; else a resource as the
 * registry names it (`persistentvolumeclaims`, `storageclasses.storage.k8s.io`). The scheduler follows each resource that a plugin names.
 */
export type EventResource = 'nodes' | 'pods/assigned' | 'pods/unscheduled' | (string & {});

/** Something that happened in the cluster. `previous` is there for updates, `object` is the last state for deletions. */
export interface ClusterEvent {
  readonly resource: EventResource;
  readonly actions: number;
  readonly object: KubeObject;
  readonly previous?: KubeObject | undefined;
}

/** What a plugin waits for after it refused a pod. */
export interface EventInterest {
  readonly resource: EventResource;
  /** Of `Action`, joined by |. */
  readonly actions: number;
  /** May this event make the plugin take the pod? Yes when absent. Thrown errors count as yes (KEP-4247, queueing hints). */
  isHelpful?(pod: Pod, event: ClusterEvent): boolean;
}
