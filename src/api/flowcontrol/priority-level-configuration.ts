import { defineResource } from '../define.ts';
import type { PriorityLevelConfiguration } from '../schema/generated/types.ts';

export const priorityLevelConfigurations = defineResource<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  generation: true,
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
