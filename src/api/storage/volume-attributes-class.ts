import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { VolumeAttributesClass } from '../schema/generated/types.ts';
import { checkVolumeAttributesClass, checkVolumeAttributesClassUpdate } from './storage-class-validation.ts';

export const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  scope: 'Cluster',
  returnsDeleted: true,
  shortNames: ['vac'],
  behaviour: 'stored-only',
  columns: [
    nameColumn,
    column('DriverName', 'string', (vac) => vac.driverName ?? '', { of: 'VolumeAttributesClass.driverName' }),
    ageColumn,
  ],
  hooks: { checksRequired: true, validateCreate: checkVolumeAttributesClass, validateUpdate: checkVolumeAttributesClassUpdate },
});
