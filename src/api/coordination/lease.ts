import { defineResource } from '../define.ts';
import type { Lease } from '../schema/generated/types.ts';

export const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  persistence: 'write-behind',
});
