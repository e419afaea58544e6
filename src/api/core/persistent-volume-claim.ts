import { column, defineResource } from '../define.ts';
import { accessModesCell, UNSET } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import { fill, fillZero } from '../meta/fill.ts';
import type { PersistentVolumeClaim } from '../schema/generated/types.ts';
import { settleDataSources } from './claim-data-source.ts';
import { claimWarnings } from './claim-warnings.ts';
import { storageClassOf } from './storage-class-of.ts';
import { checkClaim, checkClaimUpdate } from './validation-claim.ts';
import { checkClaimStatus } from './validation-claim-status.ts';

export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  scope: 'Namespaced',
  returnsDeleted: true,
  shortNames: ['pvc'],
  subresources: { status: { kind: 'status' } },
  columns: [
    nameColumn,
    column('Status', 'string', (pvc) => (pvc.metadata?.deletionTimestamp ? 'Terminating' : (pvc.status?.phase ?? '')), {
      of: 'PersistentVolumeClaimStatus.phase',
    }),
    column('Volume', 'string', (pvc) => pvc.spec?.volumeName ?? '', { of: 'PersistentVolumeClaimSpec.volumeName' }),
    column('Capacity', 'string', (pvc) => (pvc.spec?.volumeName ? (pvc.status?.capacity?.storage ?? '0') : ''), {
      of: 'PersistentVolumeClaimStatus.capacity',
    }),
    column('Access Modes', 'string', (pvc) => (pvc.spec?.volumeName ? accessModesCell(pvc.status?.accessModes) : ''), {
      of: 'PersistentVolumeClaimStatus.accessModes',
    }),
    column('StorageClass', 'string', (pvc) => storageClassOf(pvc), { description: 'StorageClass of the pvc' }),
    column('VolumeAttributesClass', 'string', (pvc) => pvc.spec?.volumeAttributesClassName ?? UNSET, {
      description: 'VolumeAttributesClass of the pvc',
    }),
    ageColumn,
    wideColumn('VolumeMode', 'string', (pvc) => pvc.spec?.volumeMode ?? UNSET, { of: 'PersistentVolumeClaimSpec.volumeMode' }),
  ],
  hooks: {
    defaults({ spec, status }) {
      if (spec) fill(spec, { volumeMode: 'Filesystem' });
      if (status) fillZero(status, { phase: 'Pending' });
    },
    prepareForCreate(pvc) {
      pvc.status = { phase: 'Pending' };
      if (pvc.spec) settleDataSources(pvc.spec, undefined);
    },
    prepareForUpdate(pvc, old, { subresource }) {
      if (subresource === '' && pvc.spec) settleDataSources(pvc.spec, old.spec);
    },
    checksRequired: true,
    validateCreate: checkClaim,
    warnings: claimWarnings,
    validateUpdate: checkClaimUpdate,
    validateStatus: checkClaimStatus,
  },
});
