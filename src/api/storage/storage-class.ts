import { defineResource } from '../define.ts';
import type { StorageClass } from '../schema/generated/types.ts';

export const storageClasses = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  scope: 'Cluster',
  shortNames: ['sc'],
  behaviour: 'stored-only',
});
