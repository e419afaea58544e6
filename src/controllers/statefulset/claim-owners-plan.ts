import type { KubeObject, OwnerReference } from '../../api/meta/object.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/schema/generated/types.ts';
import { ownerReference } from '../lib/ownership-plan.ts';

const names = (owner: OwnerReference, object: KubeObject, apiVersion: string, kind: string) =>
  owner.apiVersion === apiVersion && owner.kind === kind && owner.name === object.metadata?.name;
const isOfSet = (owner: OwnerReference, set: StatefulSet) => names(owner, set, 'apps/v1', 'StatefulSet');
const isOfPod = (owner: OwnerReference, pod: KubeObject | undefined) => pod !== undefined && names(owner, pod, 'v1', 'Pod');

/**
 * Who owns a member's claim, so that garbage collection takes it as spec.persistentVolumeClaimRetentionPolicy says (KEP-1847): the set, when
 * claims go with it; the pod, when it is above the set's size and claims go with that. The references of others stay.
 * `condemned`: the pod, when it is one that goes with a scale-down.
 */
export function wantedClaimOwners(set: StatefulSet, condemned: Pod | undefined, claim: PersistentVolumeClaim): OwnerReference[] {
  const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  const others = (claim.metadata?.ownerReferences ?? []).filter((owner) => !isOfSet(owner, set) && !isOfPod(owner, condemned));
  if (whenScaled === 'Delete' && condemned) return [...others, ownerReference(condemned, 'v1', 'Pod')];
  return whenDeleted === 'Delete' ? [...others, ownerReference(set, 'apps/v1', 'StatefulSet')] : others;
}

/**
 * The claim with the owners that the policy wants; undefined: it has them, or it is not to be touched (it belongs to an earlier set or pod of
 * that name). `isCondemned`: the pod is above the set's size.
 */
export function withClaimOwners(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
  isCondemned: boolean,
): PersistentVolumeClaim | undefined {
  const owners = claim.metadata?.ownerReferences ?? [];
  const isStale = (owner: OwnerReference) =>
    (isOfSet(owner, set) && owner.uid !== set.metadata?.uid) || (isOfPod(owner, pod) && owner.uid !== pod.metadata?.uid);
  if (owners.some(isStale)) return undefined;
  const isOurs = (owner: OwnerReference) => isOfSet(owner, set) || isOfPod(owner, pod);
  const others = owners.filter((owner) => !isOurs(owner));
  const wanted = hasOtherController(set, pod, claim) ? [] : wantedClaimOwners(set, isCondemned ? pod : undefined, { metadata: {} });
  const has = owners.filter(isOurs);
  const isRight = has.length === wanted.length && wanted.every((owner) => has.some((h) => h.uid === owner.uid && h.controller));
  return isRight ? undefined : { ...claim, metadata: { ...claim.metadata, ownerReferences: [...others, ...wanted] } };
}

/** Does somebody else control the claim (an earlier set or pod of the name as well), so that the set's policy for claims that go cannot hold for it? */
export function hasOtherController(set: StatefulSet, pod: KubeObject, { metadata }: PersistentVolumeClaim): boolean {
  const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenDeleted !== 'Delete' && whenScaled !== 'Delete') return false;
  return (metadata?.ownerReferences ?? []).some((owner) => {
    if (isOfSet(owner, set)) return owner.uid !== set.metadata?.uid;
    if (isOfPod(owner, pod)) return owner.uid !== pod.metadata?.uid;
    return owner.controller === true;
  });
}

/** Is the claim of an earlier pod of this name, with which it goes? A new pod must not use it. */
export const isOfEarlierPod = (podName: string, { metadata }: PersistentVolumeClaim): boolean =>
  (metadata?.ownerReferences ?? []).some(({ apiVersion, kind, name }) => apiVersion === 'v1' && kind === 'Pod' && name === podName);
