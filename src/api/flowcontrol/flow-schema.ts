import { defineResource } from '../define.ts';
import type { FlowSchema } from '../schema/generated/types.ts';

export const flowSchemas = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  generation: true,
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
