import { nodeLabelWarning } from '../core/node-label-warnings.ts';
import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import type { StorageClass } from '../schema/generated/types.ts';
import { checkStorageClass, checkStorageClassUpdate } from './storage-class-validation.ts';

/** A class with one of them set to `true` is for claims that name none. */
export const DEFAULT_CLASS_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

function nameCell({ metadata }: StorageClass): string {
  const isDefault = DEFAULT_CLASS_ANNOTATIONS.some((key) => metadata?.annotations?.[key] === 'true');
  return `${metadata?.name ?? ''}${isDefault ? ' (default)' : ''}`;
}

export const storageClasses = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  scope: 'Cluster',
  returnsDeleted: true,
  shortNames: ['sc'],
  columns: [
    { ...nameColumn, value: nameCell },
    column('Provisioner', 'string', (sc) => sc.provisioner ?? '', { of: 'StorageClass.provisioner' }),
    column('ReclaimPolicy', 'string', (sc) => sc.reclaimPolicy ?? 'Delete', { of: 'StorageClass.reclaimPolicy' }),
    column('VolumeBindingMode', 'string', (sc) => sc.volumeBindingMode ?? 'Immediate', { of: 'StorageClass.volumeBindingMode' }),
    column('AllowVolumeExpansion', 'string', (sc) => sc.allowVolumeExpansion ?? false, { of: 'StorageClass.allowVolumeExpansion' }),
    ageColumn,
  ],
  hooks: {
    defaults: (sc) => void fill(sc, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
    warnings: ({ allowedTopologies = [] }) =>
      allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
        matchLabelExpressions.flatMap(({ key }, j) => nodeLabelWarning(`allowedTopologies[${i}].matchLabelExpressions[${j}].key`, key)),
      ),
    checksRequired: true,
    validate: checkStorageClass,
    validateUpdate: checkStorageClassUpdate,
  },
});
