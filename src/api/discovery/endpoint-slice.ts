import { defineResource } from '../define.ts';
import type { EndpointSlice } from '../schema/generated/types.ts';

export const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  generation: true,
});
