import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../schema/generated/types.ts';

/** On a claim: its binding was completed once. What is amiss after that is a loss, not a wait. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a volume or a claim: the reference to the other was set by a binder, not by a user. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a claim: the node for which the scheduler wants a volume made. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** On a volume: who made it for a claim. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: who is asked to make a volume for it. The beta name is read by old provisioners. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a volume: the CSI driver that took over from the plug-in which made it. */
export const MIGRATED_TO = 'pv.kubernetes.io/migrated-to';
/** The provisioner of classes whose volumes somebody makes by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

const YES = 'yes';

export const hasAnnotation = ({ metadata }: PersistentVolume | PersistentVolumeClaim, name: string): boolean =>
  metadata?.annotations?.[name] !== undefined;

export const withAnnotations = <T extends PersistentVolume | PersistentVolumeClaim>(object: T, added: Record<string, string>): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata?.annotations, ...added } },
});

/** `namespace/name` of the claim that a volume is for; undefined when it is for any. */
export function claimKeyOf({ spec }: PersistentVolume): string | undefined {
  return spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : undefined;
}

/** Is the volume bound to this claim, or reserved for a claim of its name? */
export function isVolumeBoundTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec ?? {};
  if (!claimRef || claimRef.name !== metadata?.name || claimRef.namespace !== metadata?.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata?.uid;
}

/** The binding of the claim was completed. */
export const isClaimBound = (claim: PersistentVolumeClaim): boolean =>
  claim.spec?.volumeName !== undefined && claim.spec.volumeName !== '' && hasAnnotation(claim, BIND_COMPLETED);

/** The volume with its reference to the claim, as every binder writes it; undefined when it has it. */
export function volumeBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const { name, namespace, uid, resourceVersion } = claim.metadata ?? {};
  const isReserved = isVolumeBoundTo(volume, claim);
  const isMarked = isReserved || hasAnnotation(volume, BOUND_BY_CONTROLLER);
  if (isReserved && volume.spec?.claimRef?.uid === uid) return undefined;
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, ...(resourceVersion && { resourceVersion }) };
  const bound = { ...volume, spec: { ...volume.spec, claimRef } };
  return isMarked ? bound : withAnnotations(bound, { [BOUND_BY_CONTROLLER]: YES });
}

/** The claim with its reference to the volume and the mark of a completed binding; undefined when it has both. */
export function claimBoundTo(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const name = volume.metadata?.name;
  const isNamed = claim.spec?.volumeName === name;
  if (isNamed && hasAnnotation(claim, BIND_COMPLETED)) return undefined;
  const named = isNamed ? claim : withAnnotations({ ...claim, spec: { ...claim.spec, volumeName: name } }, { [BOUND_BY_CONTROLLER]: YES });
  return withAnnotations(named, { [BIND_COMPLETED]: YES });
}

/** A volume of a pod that stands for a claim. `ofPod`: the claim is made for the pod from a template, and is its own alone. */
export interface ClaimVolume {
  readonly claimName: string;
  readonly ofPod: boolean;
}

export function claimVolumeOf({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): ClaimVolume | undefined {
  if (persistentVolumeClaim) return { claimName: persistentVolumeClaim.claimName, ofPod: false };
  return ephemeral && { claimName: `${metadata?.name}-${name}`, ofPod: true };
}

export const claimVolumes = (pod: Pod): ClaimVolume[] => (pod.spec?.volumes ?? []).flatMap((volume) => claimVolumeOf(pod, volume) ?? []);

/** `namespace/name` of the claims that a pod mounts. */
export const claimKeysOf = (pod: Pod): string[] => claimVolumes(pod).map(({ claimName }) => `${pod.metadata?.namespace}/${claimName}`);
