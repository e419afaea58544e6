import { defineResource } from '../define.ts';
import type { VolumeAttachment } from '../schema/generated/types.ts';

export const volumeAttachments = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
