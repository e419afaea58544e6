import { defineResource } from '../define.ts';
import type { Namespace } from '../schema/generated/types.ts';

export const namespaces = defineResource<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  scope: 'Cluster',
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  nameRule: 'label',
  subresources: { finalize: { kind: 'custom', verbs: ['update'] }, status: { kind: 'status' } },
  fieldSelectors: { 'status.phase': (ns) => ns.status?.phase ?? '', name: (ns) => ns.metadata?.name ?? '' },
});
