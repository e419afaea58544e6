import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fillZero } from '../meta/fill.ts';
import type { Secret } from '../schema/generated/types.ts';
import { checkSecret, checkSecretUpdate, mergeStringData } from './validation-data.ts';

export const secrets = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  fieldSelectors: { type: (secret) => secret.type ?? '' },
  columns: [
    nameColumn,
    column('Type', 'string', (secret) => secret.type ?? '', { of: 'Secret.type' }),
    column('Data', 'string', (secret) => Object.keys(secret.data ?? {}).length, { of: 'Secret.data' }),
    ageColumn,
  ],
  hooks: {
    defaults(secret) {
      fillZero(secret, { type: 'Opaque' });
      mergeStringData(secret);
    },
    validateCreate: checkSecret,
    validateUpdate: checkSecretUpdate,
  },
});
