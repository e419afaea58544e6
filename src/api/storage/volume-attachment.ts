import { defaultSource } from '../core/defaults-volume.ts';
import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { VolumeAttachment } from '../schema/generated/types.ts';
import { checkVolumeAttachment, checkVolumeAttachmentUpdate } from './volume-attachment-validation.ts';

export const volumeAttachments = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  returnsDeleted: true,
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  columns: [
    nameColumn,
    column('Attacher', 'string', (a) => a.spec?.attacher ?? '', { format: 'name', of: 'VolumeAttachmentSpec.attacher' }),
    column('PV', 'string', (a) => a.spec?.source.persistentVolumeName ?? '', { of: 'VolumeAttachmentSource.persistentVolumeName' }),
    column('Node', 'string', (a) => a.spec?.nodeName ?? '', { of: 'VolumeAttachmentSpec.nodeName' }),
    column('Attached', 'boolean', (a) => a.status?.attached ?? false, { of: 'VolumeAttachmentStatus.attached' }),
    ageColumn,
  ],
  hooks: {
    defaults({ spec }) {
      if (spec?.source?.inlineVolumeSpec) defaultSource(spec.source.inlineVolumeSpec);
    },
    checksRequired: true,
    validate: checkVolumeAttachment,
    validateUpdate: checkVolumeAttachmentUpdate,
    validateStatus: checkVolumeAttachment,
  },
});
