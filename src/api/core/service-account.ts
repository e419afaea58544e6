import { defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ServiceAccount } from '../schema/generated/types.ts';

const ENFORCE_MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';

/** Secrets of an account are in its namespace: their names say all. */
function nameSecrets(account: ServiceAccount): void {
  account.secrets = account.secrets?.map(({ name }) => (name === undefined ? {} : { name }));
}

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
  hooks: {
    prepareForCreate: nameSecrets,
    prepareForUpdate: nameSecrets,
    warnings: ({ metadata }, old) =>
      metadata?.annotations?.[ENFORCE_MOUNTABLE] === undefined || old?.metadata?.annotations?.[ENFORCE_MOUNTABLE] !== undefined
        ? []
        : [
            `metadata.annotations[${ENFORCE_MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
          ],
  },
});
