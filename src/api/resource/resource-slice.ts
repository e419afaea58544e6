import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ResourceSlice } from '../schema/generated/types.ts';
import { stampTaints } from './device-taints.ts';
import { dropDisabledFields } from './disabled-fields.ts';
import { checkSlice, checkSliceUpdate } from './slice-validation.ts';

export const resourceSlices = defineResource<ResourceSlice>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  returnsDeleted: true,
  generation: true,
  fieldSelectors: {
    'spec.nodeName': (slice) => slice.spec?.nodeName ?? '',
    'spec.driver': (slice) => slice.spec?.driver ?? '',
  },
  hooks: {
    prepareForCreate(slice, { now }) {
      stampTaints(slice, now);
      dropDisabledFields(slice);
    },
    prepareForUpdate(slice, old, { now }) {
      stampTaints(slice, now);
      dropDisabledFields(slice, old);
    },
    warnings: ({ spec }) => {
      const driver = spec?.driver ?? '';
      const warning = `spec.driver: driver names should be lowercase; ${JSON.stringify(driver)} contains uppercase characters`;
      return driver === driver.toLowerCase() ? [] : [warning];
    },
    checksRequired: true,
    validateCreate: checkSlice,
    validateUpdate: checkSliceUpdate,
  },
  columns: [
    nameColumn,
    column('Node', 'string', (slice) => slice.spec?.nodeName ?? '', { of: 'ResourceSliceSpec.nodeName' }),
    column('Driver', 'string', (slice) => slice.spec?.driver ?? '', { of: 'ResourceSliceSpec.driver' }),
    column('Pool', 'string', (slice) => slice.spec?.pool?.name ?? '', { of: 'ResourcePool.name' }),
    ageColumn,
  ],
});
