import { defineResource } from '../define.ts';
import type { ComponentStatus } from '../schema/generated/types.ts';

/** Virtual: answered by code. Deprecated upstream since 1.19. */
export const componentStatuses = defineResource<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  scope: 'Cluster',
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  persistence: 'none',
});
