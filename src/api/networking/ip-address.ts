import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { KubeObject } from '../meta/object.ts';
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
  nameRule: 'address',
  hooks: { checksRequired: true, validate: checkIpAddress, validateUpdate: checkIpAddressUpdate },
  shortNames: ['ip'],
  columns: [nameColumn, column('ParentRef', 'string', (address) => parentCell(address), { of: 'IPAddressSpec.parentRef' })],
  // Upstream prints an age under no heading (printIPAddress).
  rows: { unheaded: [ageColumn] },
});

export type Family = 'IPv4' | 'IPv6';
export const familyOf = (address: string): Family => (address.includes(':') ? 'IPv6' : 'IPv4');

const FAMILY_LABEL = 'ipaddress.kubernetes.io/ip-family';
const MANAGED_BY_LABEL = 'ipaddress.kubernetes.io/managed-by';
const ALLOCATOR = 'ipallocator.k8s.io';

/** The object that says which Service has this cluster address (KEP-1880). */
export const allocatedAddress = (address: string, { metadata }: KubeObject): IPAddress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IPAddress',
  metadata: { name: address, labels: { [FAMILY_LABEL]: familyOf(address), [MANAGED_BY_LABEL]: ALLOCATOR } },
  spec: { parentRef: { group: '', resource: 'services', namespace: metadata?.namespace, name: metadata?.name ?? '' } },
});

/** Is it an address that the API server gave to a Service? Others may write IPAddresses for what is theirs. */
export const isAllocated = ({ metadata }: IPAddress): boolean => metadata?.labels?.[MANAGED_BY_LABEL] === ALLOCATOR;

/** Does it carry the labels that the API server gives it? */
export const isLabelled = (object: IPAddress): boolean =>
  isAllocated(object) && object.metadata?.labels?.[FAMILY_LABEL] === familyOf(object.metadata?.name ?? '');
