import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ResourceQuota } from '../schema/generated/types.ts';
import { checkResourceQuota, checkResourceQuotaStatus, checkResourceQuotaUpdate } from './validation-resource-quota.ts';

const isLimit = (name: string) => name.startsWith('limits.');

/** `pods: 1/10, requests.cpu: 0/1`. */
const usageCell = ({ status }: ResourceQuota, wanted: (name: string) => boolean): string =>
  Object.keys(status?.hard ?? {})
    .filter(wanted)
    .sort()
    .map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name]}`)
    .join(', ');

export const resourceQuotas = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  scope: 'Namespaced',
  returnsDeleted: true,
  shortNames: ['quota'],
  subresources: { status: { kind: 'status' } },
  columns: [
    nameColumn,
    column('Request', 'string', (quota) => usageCell(quota, (name) => !isLimit(name)), {
      description: 'Request represents a minimum amount of cpu/memory that a container may consume.',
    }),
    column('Limit', 'string', (quota) => usageCell(quota, isLimit), {
      description: 'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
    }),
    ageColumn,
  ],
  hooks: {
    checksRequired: true,
    validate: checkResourceQuota,
    validateUpdate: checkResourceQuotaUpdate,
    validateStatus: checkResourceQuotaStatus,
  },
});
