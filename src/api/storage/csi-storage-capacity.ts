import { nodeSelectorWarnings } from '../core/node-label-warnings.ts';
import { defineResource } from '../define.ts';
import type { CSIStorageCapacity } from '../schema/generated/types.ts';
import { checkCsiStorageCapacity, checkCsiStorageCapacityUpdate } from './csi-validation.ts';

export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  hooks: {
    warnings: ({ nodeTopology }) => nodeSelectorWarnings('nodeTopology', nodeTopology),
    checksRequired: true,
    validate: checkCsiStorageCapacity,
    validateUpdate: checkCsiStorageCapacityUpdate,
  },
});
