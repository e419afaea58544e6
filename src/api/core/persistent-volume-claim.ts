import { defineResource } from '../define.ts';
import type { PersistentVolumeClaim } from '../schema/generated/types.ts';

export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  scope: 'Namespaced',
  shortNames: ['pvc'],
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
