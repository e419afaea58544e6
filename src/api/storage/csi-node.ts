import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { CSINode } from '../schema/generated/types.ts';
import { checkCsiNode, checkCsiNodeUpdate } from './csi-validation.ts';

export const csiNodes = defineResource<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  returnsDeleted: true,
  columns: [
    nameColumn,
    column('Drivers', 'integer', (node) => node.spec?.drivers?.length ?? 0, {
      description: 'Drivers indicates the number of CSI drivers registered on the node',
    }),
    ageColumn,
  ],
  hooks: { checksRequired: true, validate: checkCsiNode, validateUpdate: checkCsiNodeUpdate },
});
