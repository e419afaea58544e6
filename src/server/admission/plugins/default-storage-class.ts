import { defaultClassOf } from '../../../api/meta/default-class.ts';
import type { PersistentVolumeClaim, StorageClass } from '../../../api/schema/generated/types.ts';
import { DEFAULT_CLASS_ANNOTATIONS } from '../../../api/storage/storage-class.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { isAbout } from '../request.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** A claim that names no class gets the default one; '' is a name: no class (Kubernetes: "Persistent Volumes", class). */
export const defaultStorageClass = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultStorageClass',
  mutate(admission) {
    if (admission.operation !== 'CREATE' || !isAbout(admission, 'persistentvolumeclaims')) return;
    const { spec, metadata } = admission.object as PersistentVolumeClaim;
    if (!spec || spec.storageClassName !== undefined || metadata?.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const found = defaultClassOf(objects.list<StorageClass>('storageclasses.storage.k8s.io'), DEFAULT_CLASS_ANNOTATIONS);
    if (found) spec.storageClassName = found.metadata?.name;
  },
});
