import { defineResource } from '../define.ts';
import type { Ingress } from '../schema/generated/types.ts';

export const ingresses = defineResource<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  scope: 'Namespaced',
  shortNames: ['ing'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
