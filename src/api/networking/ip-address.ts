import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { nameColumn } from '../meta/columns.ts';
import type { IPAddress } from '../schema/generated/types.ts';
import { checkIpAddress, checkIpAddressUpdate } from './network-policy-validation.ts';

/** `services/default/kubernetes`, with the group behind a dot where there is one. */
function parentCell({ spec }: IPAddress): string {
  if (!spec?.parentRef) return NONE;
  const { group, resource, namespace, name } = spec.parentRef;
  return [group ? `${resource}.${group}` : resource, ...(namespace ? [namespace] : []), name].join('/');
}

export const ipAddresses = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  scope: 'Cluster',
  nameRule: 'path',
  hooks: { checksRequired: true, validate: checkIpAddress, validateUpdate: checkIpAddressUpdate },
  shortNames: ['ip'],
  behaviour: 'stored-only',
  columns: [nameColumn, column('ParentRef', 'string', (address) => parentCell(address))],
});
