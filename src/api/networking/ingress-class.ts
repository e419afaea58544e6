import { defineResource } from '../define.ts';
import type { IngressClass } from '../schema/generated/types.ts';

export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  generation: true,
  behaviour: 'stored-only',
});
