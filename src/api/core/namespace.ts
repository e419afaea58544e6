import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { Namespace } from '../schema/generated/types.ts';
import { namespaceHooks } from './namespace-hooks.ts';

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
  fieldSelectors: { 'status.phase': (ns) => ns.status?.phase ?? '' },
  columns: [
    nameColumn,
    column('Status', 'string', (ns) => ns.status?.phase ?? '', { description: 'The status of the namespace' }),
    ageColumn,
  ],
  hooks: namespaceHooks,
});
