import { controllerOf, type KubeObject, type OwnerReference } from '../../api/meta/object.ts';

export function ownerReference(owner: KubeObject, apiVersion: string, kind: string): OwnerReference {
  const { name = '', uid = '' } = owner.metadata ?? {};
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export interface Claim<T> {
  /** Controlled by the owner and matching its selector; `adopt` not among them yet. */
  readonly owned: readonly T[];
  /** Match, and nobody controls them. */
  readonly adopt: readonly T[];
  /** Controlled by the owner, but they do not match any more. */
  readonly release: readonly T[];
}

/** Which of the candidates belong to the owner (upstream: ControllerRefManager). An owner that is being deleted adopts and releases nothing. */
export function claim<T extends KubeObject>(owner: KubeObject, candidates: readonly T[], matches: (object: T) => boolean): Claim<T> {
  const { uid, deletionTimestamp } = owner.metadata ?? {};
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  for (const object of candidates) {
    const controller = controllerOf(object);
    if (controller && controller.uid !== uid) continue;
    if (controller && matches(object)) owned.push(object);
    else if (controller && !deletionTimestamp) release.push(object);
    else if (!controller && !deletionTimestamp && !object.metadata?.deletionTimestamp && matches(object)) adopt.push(object);
  }
  return { owned, adopt, release };
}

/** Index of objects that nobody controls, by namespace: candidates for adoption without a scan of the namespace. */
export const orphansByNamespace = (object: KubeObject): readonly string[] =>
  controllerOf(object) ? [] : [object.metadata?.namespace ?? ''];
export const ORPHAN_INDEX = 'orphan';

/** Strategic merge patches; the uid makes the server refuse them when the name was taken by another object meanwhile. */
export const adoption = (object: KubeObject, owner: OwnerReference) => ({
  metadata: { uid: object.metadata?.uid, ownerReferences: [owner] },
});
export const releasing = (object: KubeObject, ownerUid: string) => ({
  metadata: { uid: object.metadata?.uid, ownerReferences: [{ $patch: 'delete', uid: ownerUid }] },
});
