import { column, defineResource } from '../define.ts';
import { UNSET } from '../meta/cells.ts';
import { nameColumn } from '../meta/columns.ts';
import type { CSIStorageCapacity } from '../schema/generated/types.ts';
import { checkCsiStorageCapacity, checkCsiStorageCapacityUpdate } from './csi-validation.ts';

export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    column('StorageClassName', 'string', (c) => c.storageClassName),
    column('Capacity', 'string', (c) => c.capacity ?? UNSET),
  ],
  hooks: { checksRequired: true, validate: checkCsiStorageCapacity, validateUpdate: checkCsiStorageCapacityUpdate },
});
