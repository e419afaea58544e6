import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { Lease } from '../schema/generated/types.ts';
import { checkLease } from './lease-validation.ts';

export const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  persistence: 'write-behind',
  columns: [
    nameColumn,
    column('Holder', 'string', (lease) => lease.spec?.holderIdentity ?? '', { of: 'LeaseSpec.holderIdentity' }),
    ageColumn,
  ],
  hooks: { validate: checkLease },
});
