import { defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { DeviceClass } from '../schema/generated/types.ts';
import { checkDeviceClass } from './class-validation.ts';

export const deviceClasses = defineResource<DeviceClass>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
  nameRule: 'longName',
  returnsDeleted: true,
  generation: true,
  columns: [nameColumn, ageColumn],
  hooks: { checksRequired: true, validate: checkDeviceClass },
});
