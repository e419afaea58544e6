import { defineResource } from '../define.ts';
import type { CSIStorageCapacity } from '../schema/generated/types.ts';

export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  behaviour: 'stored-only',
});
