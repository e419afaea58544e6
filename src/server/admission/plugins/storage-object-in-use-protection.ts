import type { KubeObject } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { isAbout } from '../request.ts';

function protect({ metadata }: KubeObject, finalizer: string): void {
  if (metadata && !metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
}

/** Claims that pods use, volumes that are bound and classes of attributes that either names outlive their deletion: controllers take the finalizers off when nobody needs them any more. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  mutate(admission) {
    if (admission.operation !== 'CREATE' || !admission.object) return;
    if (isAbout(admission, 'persistentvolumeclaims')) protect(admission.object, 'kubernetes.io/pvc-protection');
    if (isAbout(admission, 'persistentvolumes')) protect(admission.object, 'kubernetes.io/pv-protection');
    if (isAbout(admission, 'volumeattributesclasses', 'storage.k8s.io')) protect(admission.object, 'kubernetes.io/vac-protection');
  },
};
