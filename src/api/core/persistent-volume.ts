import { column, defineResource } from '../define.ts';
import { accessModesCell, UNSET } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import { fill, fillZero } from '../meta/fill.ts';
import type { PersistentVolume } from '../schema/generated/types.ts';
import { defaultSource } from './defaults-volume.ts';
import { volumeWarnings } from './persistent-volume-warnings.ts';
import { storageClassOf } from './storage-class-of.ts';
import { checkPersistentVolume, checkPersistentVolumeUpdate } from './validation-persistent-volume.ts';
import { stampPhase, startPhase } from './volume-phase.ts';

const claimCell = ({ spec }: PersistentVolume): string =>
  spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '';

export const persistentVolumes = defineResource<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  scope: 'Cluster',
  returnsDeleted: true,
  shortNames: ['pv'],
  subresources: { status: { kind: 'status' } },
  columns: [
    nameColumn,
    column('Capacity', 'string', (pv) => pv.spec?.capacity?.storage ?? '0', { of: 'PersistentVolumeSpec.capacity' }),
    column('Access Modes', 'string', (pv) => accessModesCell(pv.spec?.accessModes), { of: 'PersistentVolumeSpec.accessModes' }),
    column('Reclaim Policy', 'string', (pv) => pv.spec?.persistentVolumeReclaimPolicy ?? '', {
      of: 'PersistentVolumeSpec.persistentVolumeReclaimPolicy',
    }),
    column('Status', 'string', (pv) => (pv.metadata?.deletionTimestamp ? 'Terminating' : (pv.status?.phase ?? '')), {
      of: 'PersistentVolumeStatus.phase',
    }),
    column('Claim', 'string', (pv) => claimCell(pv), { of: 'PersistentVolumeSpec.claimRef' }),
    column('StorageClass', 'string', (pv) => storageClassOf(pv), { description: 'StorageClass of the pv' }),
    column('VolumeAttributesClass', 'string', (pv) => pv.spec?.volumeAttributesClassName ?? UNSET, {
      description: 'VolumeAttributesClass of the pv',
    }),
    column('Reason', 'string', (pv) => pv.status?.reason ?? '', { of: 'PersistentVolumeStatus.reason' }),
    ageColumn,
    wideColumn('VolumeMode', 'string', (pv) => pv.spec?.volumeMode ?? UNSET, { of: 'PersistentVolumeSpec.volumeMode' }),
  ],
  hooks: {
    defaults({ spec, status }) {
      if (status) fillZero(status, { phase: 'Pending' });
      if (!spec) return;
      fill(fillZero(spec, { persistentVolumeReclaimPolicy: 'Retain' }), { volumeMode: 'Filesystem' });
      defaultSource(spec);
    },
    prepareForCreate: (pv, { now }) => startPhase(pv, now),
    prepareForUpdate(pv, old, { now, subresource }) {
      if (subresource === 'status') stampPhase(pv, old, now);
    },
    warnings: volumeWarnings,
    checksRequired: true,
    validate: checkPersistentVolume,
    // Upstream looks at the whole volume once more: what is wrong with it counts twice.
    validateUpdate: (pv, old) => [...checkPersistentVolume(pv), ...checkPersistentVolumeUpdate(pv, old)],
  },
});
