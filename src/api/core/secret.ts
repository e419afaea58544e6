import { defineResource } from '../define.ts';
import type { Secret } from '../schema/generated/types.ts';

export const secrets = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  fieldSelectors: { type: (secret) => secret.type ?? '' },
});
