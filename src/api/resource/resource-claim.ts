import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ResourceV1ResourceClaim } from '../schema/generated/types.ts';
import { checkClaimStatus, dropLostDevices } from './claim-status-validation.ts';
import { checkClaim, checkClaimUpdate } from './claim-validation.ts';
import { defaultDeviceRequests, defaultTolerations } from './device-request-defaults.ts';

function stateCell({ metadata, status }: ResourceV1ResourceClaim): string {
  const deleted = metadata?.deletionTimestamp ? ['deleted'] : [];
  if (!status?.allocation) return deleted[0] ?? 'pending';
  return [...deleted, 'allocated', ...(status.reservedFor?.length ? ['reserved'] : [])].join(',');
}

export const resourceClaims = defineResource<ResourceV1ResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  returnsDeleted: true,
  schema: 'ResourceV1ResourceClaim',
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  columns: [
    nameColumn,
    column('State', 'string', stateCell, { description: 'A summary of the current state (allocated, pending, reserved, etc.).' }),
    ageColumn,
  ],
  hooks: {
    defaults({ spec, status }) {
      defaultDeviceRequests(spec);
      for (const { tolerations } of status?.allocation?.devices?.results ?? []) defaultTolerations(tolerations);
    },
    prepareForUpdate(claim, old, { subresource }) {
      if (subresource === 'status') dropLostDevices(claim, old);
    },
    checksRequired: true,
    validateCreate: checkClaim,
    validateUpdate: checkClaimUpdate,
    validateStatus: checkClaimStatus,
  },
});
