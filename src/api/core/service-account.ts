import { defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ServiceAccount } from '../schema/generated/types.ts';

export const serviceAccounts = defineResource<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  scope: 'Namespaced',
  returnsDeleted: true,
  shortNames: ['sa'],
  subresources: {
    token: { kind: 'custom', verbs: ['create'], objectKind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } },
  },
  columns: [nameColumn, ageColumn],
});
