import { defineResource } from '../define.ts';
import type { CSINode } from '../schema/generated/types.ts';

export const csiNodes = defineResource<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  behaviour: 'stored-only',
});
