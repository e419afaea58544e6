import { defineResource } from '../define.ts';
import type { CSIDriver } from '../schema/generated/types.ts';

export const csiDrivers = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  generation: true,
  behaviour: 'stored-only',
});
