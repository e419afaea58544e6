import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/schema/generated/types.ts';

export const PVC_FINALIZER = 'kubernetes.io/pvc-protection';
export const PV_FINALIZER = 'kubernetes.io/pv-protection';

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

/** The finalizers that the object should have, or undefined when it has them: on while it may be used, off when it goes and is not. */
export function planFinalizers(
  { metadata }: PersistentVolumeClaim | PersistentVolume,
  finalizer: string,
  isInUse: () => boolean,
): string[] | undefined {
  const finalizers = metadata?.finalizers ?? [];
  const has = finalizers.includes(finalizer);
  if (!metadata?.deletionTimestamp) return has ? undefined : [...finalizers, finalizer];
  return has && !isInUse() ? finalizers.filter((one) => one !== finalizer) : undefined;
}
