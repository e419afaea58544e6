import { defineResource } from '../define.ts';
import type { ResourceV1ResourceClaim } from '../schema/generated/types.ts';

export const resourceClaims = defineResource<ResourceV1ResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  schema: 'ResourceV1ResourceClaim',
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
