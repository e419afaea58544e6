import type { PersistentVolumeClaim, StorageClass } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { defaultClassOf } from '../default-class.ts';
import { isAbout } from '../request.ts';

const DEFAULT_ANNOTATIONS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** A claim that names no class gets the default one; '' is a name: no class (Kubernetes: "Persistent Volumes", class). */
export const defaultStorageClass = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultStorageClass',
  mutate(admission) {
    if (admission.operation !== 'CREATE' || !isAbout(admission, 'persistentvolumeclaims')) return;
    const { spec, metadata } = admission.object as PersistentVolumeClaim;
    if (!spec || spec.storageClassName !== undefined || metadata?.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const found = defaultClassOf(objects.list<StorageClass>('storageclasses.storage.k8s.io'), DEFAULT_ANNOTATIONS);
    if (found) spec.storageClassName = found.metadata?.name;
  },
});
