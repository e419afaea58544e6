import { column, defineResource } from '../define.ts';
import { nameColumn } from '../meta/columns.ts';
import type { ComponentStatus } from '../schema/generated/types.ts';

function healthy(status: ComponentStatus) {
  const condition = status.conditions?.find((c) => c.type === 'Healthy');
  return condition && { ...condition, word: condition.status === 'True' ? 'Healthy' : 'Unhealthy' };
}

/** Virtual: answered by code. */
export const componentStatuses = defineResource<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  scope: 'Cluster',
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  persistence: 'none',
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    column('Status', 'string', (cs) => healthy(cs)?.word ?? 'Unknown', { description: 'Status of the component conditions' }),
    column('Message', 'string', (cs) => healthy(cs)?.message ?? '', { description: 'Message of the component conditions' }),
    column('Error', 'string', (cs) => healthy(cs)?.error ?? '', { description: 'Error of the component conditions' }),
  ],
});
