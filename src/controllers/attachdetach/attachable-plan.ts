import { claimVolumes } from '../../api/core/volume-binding.ts';
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/schema/generated/types.ts';

/** A volume of a CSI driver that has to be attached to a node before it is mounted. */
export interface AttachableVolume {
  /** As nodes call it in their status: `kubernetes.io/csi/DRIVER^HANDLE`. */
  readonly uniqueName: string;
  readonly driver: string;
  readonly handle: string;
  /** The PersistentVolume. */
  readonly name: string;
  /** One node at a time. */
  readonly isExclusive: boolean;
}

export interface VolumesView {
  readonly claim: (key: string) => PersistentVolumeClaim | undefined;
  readonly volume: (name: string) => PersistentVolume | undefined;
  readonly driver: (name: string) => CSIDriver | undefined;
}

const SHARED_MODES = ['ReadWriteMany', 'ReadOnlyMany'];
export const CSI_VOLUMES = 'kubernetes.io/csi/';

export function csiVolumeOf({ metadata, spec }: PersistentVolume): AttachableVolume | undefined {
  if (!spec?.csi) return undefined;
  const { driver, volumeHandle: handle } = spec.csi;
  const modes = spec.accessModes ?? [];
  return {
    uniqueName: `${CSI_VOLUMES}${driver}^${handle}`,
    driver,
    handle,
    name: metadata?.name ?? '',
    // Without a mode nobody can tell: the driver may.
    isExclusive: modes.length > 0 && !modes.some((mode) => SHARED_MODES.includes(mode)),
  };
}

/** The bound volumes of a pod whose drivers attach. A driver that says nothing of itself does (CSIDriver, attachRequired). */
export function attachableVolumes(pod: Pod, view: VolumesView): AttachableVolume[] {
  return claimVolumes(pod).flatMap(({ claimName, ofPod }) => {
    const claim = view.claim(`${pod.metadata?.namespace}/${claimName}`);
    if (claim?.status?.phase !== 'Bound' || (ofPod && !isOf(pod, claim))) return [];
    const volume = view.volume(claim.spec?.volumeName ?? '');
    if (!volume || volume.spec?.claimRef?.uid !== claim.metadata?.uid) return [];
    const csi = csiVolumeOf(volume);
    return csi && view.driver(csi.driver)?.spec.attachRequired !== false ? [csi] : [];
  });
}

const isOf = ({ metadata }: Pod, claim: PersistentVolumeClaim): boolean =>
  claim.metadata?.ownerReferences?.some(({ controller, uid }) => controller && uid === metadata?.uid) ?? false;

/** Does the pod need its volumes no more? */
export function isOver({ metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  const all = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
  return metadata?.deletionTimestamp !== undefined && all.every(({ state }) => state?.terminated || state?.waiting);
}
