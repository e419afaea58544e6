import { defineResource } from '../define.ts';
import type { ResourceQuota } from '../schema/generated/types.ts';

export const resourceQuotas = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  scope: 'Namespaced',
  shortNames: ['quota'],
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
