import type { KubeObject } from '../../api/meta/object.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/**
 * `absent`: the server says that it is not there, or that another object has its name. `waiting`: it is being deleted in the foreground and
 * waits for its dependents. `unknown`: its kind or scope cannot be resolved; nothing is deleted on such a ground.
 */
export type OwnerState = 'present' | 'absent' | 'waiting' | 'unknown';

export type CollectionPlan =
  | { readonly do: 'nothing' }
  | { readonly do: 'remove-finalizer'; readonly finalizer: string }
  /** Takes the object out of the dependents' owners, then lets it go. */
  | { readonly do: 'orphan'; readonly dependents: readonly KubeObject[] }
  | { readonly do: 'drop-owners'; readonly uids: readonly string[] }
  /** `unblock`: the object's own references no longer hold up its owners, to break a circle of foreground deletions. */
  | { readonly do: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan'; readonly unblock: boolean };

const has = ({ metadata }: KubeObject, finalizer: string) => metadata?.finalizers?.includes(finalizer) ?? false;

/** Being deleted, and waiting for its dependents to be deleted first. */
export const deletesDependents = (object: KubeObject): boolean =>
  object.metadata?.deletionTimestamp !== undefined && has(object, FOREGROUND);
/** Being deleted, and its dependents are to be left alone. */
export const orphansDependents = (object: KubeObject): boolean => object.metadata?.deletionTimestamp !== undefined && has(object, ORPHAN);

const blocks = (dependent: KubeObject, uid: string | undefined) =>
  dependent.metadata?.ownerReferences?.some((o) => o.uid === uid && o.blockOwnerDeletion) ?? false;

/**
 * What garbage collection does with one object (https://kubernetes.io/docs/concepts/architecture/garbage-collection/). An object goes when none of
 * its owners is left; one present owner keeps it. `dependentsOf`: they are looked for among
 * all kinds, and most objects are looked at only to be left alone.
 */
export function planCollection(
  object: KubeObject,
  owners: ReadonlyMap<string, OwnerState>,
  dependentsOf: () => readonly KubeObject[],
): CollectionPlan {
  const { uid, deletionTimestamp } = object.metadata ?? {};
  if (orphansDependents(object)) {
    const dependents = dependentsOf();
    return dependents.length > 0 ? { do: 'orphan', dependents } : { do: 'remove-finalizer', finalizer: ORPHAN };
  }
  if (deletesDependents(object)) {
    return dependentsOf().some((d) => blocks(d, uid)) ? { do: 'nothing' } : { do: 'remove-finalizer', finalizer: FOREGROUND };
  }
  if (deletionTimestamp || owners.size === 0) return { do: 'nothing' };
  const gone = [...owners].filter(([, state]) => state === 'absent' || state === 'waiting').map(([owner]) => owner);
  if (gone.length < owners.size) return gone.length > 0 ? { do: 'drop-owners', uids: gone } : { do: 'nothing' };
  const isAwaited = [...owners.values()].includes('waiting');
  const dependents = isAwaited ? dependentsOf() : [];
  if (isAwaited && dependents.length > 0) return { do: 'delete', policy: 'Foreground', unblock: dependents.some(deletesDependents) };
  return { do: 'delete', policy: has(object, ORPHAN) ? 'Orphan' : has(object, FOREGROUND) ? 'Foreground' : 'Background', unblock: false };
}
