import { storageClassOf } from '../../api/core/storage-class-of.ts';
import { type ClaimVolume, claimVolumes, isClaimBound, NO_PROVISIONER, SELECTED_NODE } from '../../api/core/volume-binding.ts';
import { fitsVolumeAffinity, matchVolume } from '../../api/core/volume-matching.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../api/schema/generated/types.ts';
import { compareQuantities, parseQuantity } from '../../base/quantity.ts';
import { isAllowedTopology } from './topology-plan.ts';

/** Upstream's words. */
export const NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
export const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind";
export const NOT_ENOUGH_SPACE = 'node(s) did not have enough free storage';
export const VOLUME_MISSING = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

/** Why the pod cannot be scheduled at all as its claims are; undefined when they are fine. */
export function claimProblem(pod: Pod, find: (name: string) => PersistentVolumeClaim | undefined): string | undefined {
  for (const volume of claimVolumes(pod)) {
    const problem = problemOf(pod, volume, find(volume.claimName));
    if (problem) return problem;
  }
  return undefined;
}

function problemOf(pod: Pod, { claimName, ofPod }: ClaimVolume, claim: PersistentVolumeClaim | undefined): string | undefined {
  const quoted = `persistentvolumeclaim "${claimName}"`;
  if (!claim) return ofPod ? `waiting for ephemeral volume controller to create the ${quoted}` : `${quoted} not found`;
  if (claim.status?.phase === 'Lost') return `${quoted} bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
  if (claim.metadata?.deletionTimestamp) return `${quoted} is being deleted`;
  const isOwned = claim.metadata?.ownerReferences?.some(({ controller, uid }) => controller && uid === pod.metadata?.uid);
  if (!ofPod || isOwned) return undefined;
  const { namespace, name } = pod.metadata ?? {};
  return `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not the owner)`;
}

/** A pod's claims by what is left to do for them. */
export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  /** Their volumes are chosen with the pod's node. */
  readonly delayed: readonly PersistentVolumeClaim[];
  /** The binder is to bind them first. */
  readonly immediate: readonly PersistentVolumeClaim[];
}

export function sortClaims(
  claims: readonly PersistentVolumeClaim[],
  classOf: (claim: PersistentVolumeClaim) => StorageClass | undefined,
): PodClaims {
  const isDelayed = (claim: PersistentVolumeClaim) =>
    !claim.spec?.volumeName && classOf(claim)?.volumeBindingMode === 'WaitForFirstConsumer';
  const unbound = claims.filter((claim) => !isClaimBound(claim));
  return {
    bound: claims.filter(isClaimBound),
    delayed: unbound.filter(isDelayed),
    immediate: unbound.filter((claim) => !isDelayed(claim)),
  };
}

/** What the pod's volumes come to on one node. */
export interface VolumeDecision {
  readonly bindings: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[];
  /** Claims for which volumes are to be made. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

export interface VolumeView {
  readonly volume: (name: string) => PersistentVolume | undefined;
  readonly volumesOfClass: (className: string) => readonly PersistentVolume[];
  readonly storageClass: (className: string) => StorageClass | undefined;
  /** Can the driver make a volume of this size that the node reaches? */
  readonly hasCapacity: (claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node) => boolean;
}

const size = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec?.resources?.requests?.storage ?? '0');

/** Upstream's order: the smallest claims choose first. Reasons are those of FailedScheduling. */
export function decideVolumes(
  { bound, delayed }: PodClaims,
  node: Node,
  view: VolumeView,
): VolumeDecision | { readonly reasons: string[] } {
  const reasons = [...boundProblem(bound, node, view)];
  const nodeName = node.metadata?.name ?? '';
  const bindings: { volume: PersistentVolume; claim: PersistentVolumeClaim }[] = [];
  const provisions: PersistentVolumeClaim[] = [];
  const taken = new Set<string>();
  for (const claim of delayed.toSorted((a, b) => compareQuantities(size(a), size(b)))) {
    const selected = claim.metadata?.annotations?.[SELECTED_NODE];
    if (selected !== undefined && selected !== nodeName) return { reasons: [...reasons, BIND_CONFLICT] };
    const volume = selected === undefined && matchVolume(claim, view.volumesOfClass(storageClassOf(claim)), { node, taken });
    if (!volume) provisions.push(claim);
    else {
      taken.add(volume.metadata?.name ?? '');
      bindings.push({ volume, claim });
    }
  }
  const problem = provisionProblem(provisions, node, view);
  if (problem) reasons.push(problem);
  return reasons.length > 0 ? { reasons } : { bindings, provisions };
}

function boundProblem(bound: readonly PersistentVolumeClaim[], node: Node, { volume }: VolumeView): string[] {
  for (const claim of bound) {
    const found = volume(claim.spec?.volumeName ?? '');
    if (!found) return [VOLUME_MISSING];
    if (!fitsVolumeAffinity(found, node)) return [NODE_CONFLICT];
  }
  return [];
}

function provisionProblem(claims: readonly PersistentVolumeClaim[], node: Node, view: VolumeView): string | undefined {
  for (const claim of claims) {
    const storageClass = view.storageClass(storageClassOf(claim));
    if (!storageClass || storageClass.provisioner === NO_PROVISIONER) return BIND_CONFLICT;
    if (!isAllowedTopology(storageClass.allowedTopologies, node)) return BIND_CONFLICT;
    if (!view.hasCapacity(claim, storageClass, node)) return NOT_ENOUGH_SPACE;
  }
  return undefined;
}
