import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ServiceCIDR } from '../schema/generated/types.ts';
import { checkServiceCidr, checkServiceCidrUpdate } from './network-policy-validation.ts';

export const serviceCIDRs = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  hooks: { checksRequired: true, validateCreate: checkServiceCidr, validateUpdate: checkServiceCidrUpdate, validateStatus: () => [] },
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  columns: [
    nameColumn,
    column('CIDRs', 'string', (range) => (range.spec?.cidrs ?? []).join(','), { of: 'ServiceCIDRSpec.cidrs' }),
    ageColumn,
  ],
});
