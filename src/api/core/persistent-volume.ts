import { defineResource } from '../define.ts';
import type { PersistentVolume } from '../schema/generated/types.ts';

export const persistentVolumes = defineResource<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  scope: 'Cluster',
  shortNames: ['pv'],
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
