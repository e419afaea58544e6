import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '../../api/schema/generated/types.ts';

const PVC_FINALIZER = 'kubernetes.io/pvc-protection';
const PV_FINALIZER = 'kubernetes.io/pv-protection';
const CLASS_FINALIZER = 'kubernetes.io/vac-protection';

/** The agent is done with the pod: deletion was asked for, without any time left. */
const isShutDown = ({ metadata }: Pod) => metadata?.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;

const isControlledBy = (claim: PersistentVolumeClaim, pod: Pod) =>
  claim.metadata?.ownerReferences?.some(({ controller, uid }) => controller && uid === pod.metadata?.uid) ?? false;

/** Only pods that a node has can use a claim: no agent starts a pod whose claim is being deleted. `pods`: those that name the claim. */
export const isClaimInUse = (claim: PersistentVolumeClaim, pods: readonly Pod[]): boolean =>
  pods.some((pod) => {
    if (!pod.spec?.nodeName) return false;
    const byName = pod.spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim.metadata?.name);
    return byName || (!isShutDown(pod) && isControlledBy(claim, pod));
  });

/** The finalizer is on while the object may be used, off when it goes and is not. */
function planFinalizers(
  { metadata }: PersistentVolumeClaim | PersistentVolume | VolumeAttributesClass,
  finalizer: string,
  isInUse: () => boolean,
): string[] | undefined {
  const finalizers = metadata?.finalizers ?? [];
  const has = finalizers.includes(finalizer);
  if (!metadata?.deletionTimestamp) return has ? undefined : [...finalizers, finalizer];
  return has && !isInUse() ? finalizers.filter((one) => one !== finalizer) : undefined;
}

/** The finalizers that the claim should have, or undefined when it has them. `pods`: those that name the claim. */
export const planClaimFinalizers = (claim: PersistentVolumeClaim, pods: () => readonly Pod[]): string[] | undefined =>
  planFinalizers(claim, PVC_FINALIZER, () => isClaimInUse(claim, pods()));

/** The finalizers that the volume should have, or undefined when it has them. */
export const planVolumeFinalizers = (volume: PersistentVolume): string[] | undefined =>
  planFinalizers(volume, PV_FINALIZER, () => volume.status?.phase === 'Bound');

/** Names of the classes of attributes that a claim has, had, or is on its way to. */
export const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): string[] => [
  ...new Set(
    [
      spec?.volumeAttributesClassName,
      status?.currentVolumeAttributesClassName,
      status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
    ].filter((name): name is string => name !== undefined && name !== ''),
  ),
];

export const classesOfVolume = ({ spec }: PersistentVolume): string[] =>
  spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];

/** The finalizers that the class should have, or undefined when it has them. */
export const planClassFinalizers = (
  attributesClass: VolumeAttributesClass,
  claims: () => readonly PersistentVolumeClaim[],
  volumes: () => readonly PersistentVolume[],
): string[] | undefined => planFinalizers(attributesClass, CLASS_FINALIZER, () => claims().length > 0 || volumes().length > 0);
