import { column, defineResource } from '../define.ts';
import { nameColumn } from '../meta/columns.ts';
import type { StorageVersionMigration } from '../schema/generated/types.ts';
import {
  checkStorageVersionMigration,
  checkStorageVersionMigrationStatus,
  checkStorageVersionMigrationUpdate,
} from './storage-version-migration-validation.ts';

const STATES: readonly string[] = ['Running', 'Failed', 'Succeeded'];

/** The last one of the states that hold. */
const stateCell = ({ status }: StorageVersionMigration): string =>
  status?.conditions?.findLast((condition) => condition.status === 'True' && STATES.includes(condition.type))?.type ?? 'Unknown';

/** Source: KEP-4192. Off by default, as upstream. */
export const storageVersionMigrations = defineResource<StorageVersionMigration>({
  group: 'storagemigration.k8s.io',
  version: 'v1beta1',
  kind: 'StorageVersionMigration',
  plural: 'storageversionmigrations',
  scope: 'Cluster',
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  hooks: {
    checksRequired: true,
    validate: checkStorageVersionMigration,
    validateUpdate: checkStorageVersionMigrationUpdate,
    validateStatus: checkStorageVersionMigrationStatus,
  },
  columns: [
    column('Name', 'string', nameColumn.value, { description: nameColumn.description }),
    column('Resource', 'string', ({ spec }) => [spec?.resource?.resource, spec?.resource?.group].filter(Boolean).join('.'), {
      description: 'GroupResource to migrate',
    }),
    column('Status', 'string', stateCell, { description: 'Status of the migration' }),
  ],
});
