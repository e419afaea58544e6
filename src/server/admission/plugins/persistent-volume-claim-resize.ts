import { storageClassOf } from '../../../api/core/storage-class-of.ts';
import type { PersistentVolumeClaim, StorageClass } from '../../../api/schema/generated/types.ts';
import { compareQuantities, parseQuantity } from '../../../base/quantity.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { isAbout, refusal } from '../request.ts';

const sizeOf = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec?.resources?.requests?.storage ?? '0');

/** A claim grows only when it is bound and its class lets volumes grow. */
export const persistentVolumeClaimResize = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'PersistentVolumeClaimResize',
  validate(admission) {
    if (admission.operation !== 'UPDATE' || !isAbout(admission, 'persistentvolumeclaims')) return;
    const claim = admission.object as PersistentVolumeClaim;
    const old = admission.old as PersistentVolumeClaim;
    if (compareQuantities(sizeOf(claim), sizeOf(old)) <= 0) return;
    if (old.status?.phase !== 'Bound') throw refusal(admission, 'Only bound persistent volume claims can be expanded');
    const name = storageClassOf(claim);
    const found =
      name !== '' && name === storageClassOf(old) ? objects.get<StorageClass>('storageclasses.storage.k8s.io', '', name) : undefined;
    if (found?.allowVolumeExpansion) return;
    const why = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw refusal(admission, why);
  },
});
