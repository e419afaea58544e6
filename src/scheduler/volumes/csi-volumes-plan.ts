import { storageClassOf } from '../../api/core/storage-class-of.ts';
import { claimVolumes } from '../../api/core/volume-binding.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../api/schema/generated/types.ts';

export interface CsiVolumeView {
  readonly claim: (key: string) => PersistentVolumeClaim | undefined;
  readonly volume: (name: string) => PersistentVolume | undefined;
  readonly storageClass: (name: string) => StorageClass | undefined;
}

/** Volumes of CSI drivers that a pod has attached to its node, each once: driver by volume. A claim without a volume counts for the driver of its class. */
export function csiVolumesOf(pod: Pod, { claim, volume, storageClass }: CsiVolumeView): Map<string, string> {
  const found = new Map<string, string>();
  for (const { claimName } of claimVolumes(pod)) {
    const wanted = claim(`${pod.metadata?.namespace}/${claimName}`);
    if (!wanted) continue;
    const csi = volume(wanted.spec?.volumeName ?? '')?.spec?.csi;
    if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
    else if (!volume(wanted.spec?.volumeName ?? '')) {
      const driver = storageClass(storageClassOf(wanted))?.provisioner;
      if (driver) found.set(`${driver}/${objectKey(wanted)}`, driver);
    }
  }
  return found;
}
