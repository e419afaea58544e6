import { column, defineResource } from '../define.ts';
import { firstFew, UNSET } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import type { KubeObject } from '../meta/object.ts';
import type { EndpointSlice } from '../schema/generated/types.ts';
import { checkEndpointSlice, checkEndpointSliceUpdate } from './endpoint-slice-validation.ts';

/** Names the Service that a slice belongs to (Kubernetes: EndpointSlices, ownership). */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** On Endpoints and EndpointSlices: when what led to their last change happened, for measuring how long that took. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

/** `namespace/name` of that Service. */
export const serviceKeyOf = ({ metadata }: KubeObject): string => `${metadata?.namespace}/${metadata?.labels?.[SERVICE_NAME_LABEL]}`;

const MAX_SHOWN = 3;

const portsCell = ({ ports }: EndpointSlice): string =>
  firstFew(
    (ports ?? []).map((p) => String(p.port ?? p.name ?? '*')),
    MAX_SHOWN,
  ) || UNSET;

const endpointsCell = ({ endpoints }: EndpointSlice): string =>
  firstFew(
    (endpoints ?? []).flatMap((e) => e.addresses),
    MAX_SHOWN,
  ) || UNSET;

/** Only discovery.k8s.io/v1beta1, which is gone, let clients write it. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

export const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  generation: true,
  countedMetadata: ['labels'],
  columns: [
    nameColumn,
    column('AddressType', 'string', (slice) => slice.addressType ?? '', { of: 'EndpointSlice.addressType' }),
    column('Ports', 'string', portsCell, { of: 'EndpointSlice.ports' }),
    column('Endpoints', 'string', endpointsCell, { of: 'EndpointSlice.endpoints' }),
    ageColumn,
  ],
  hooks: {
    defaults({ ports }) {
      for (const port of ports ?? []) fill(port, { protocol: 'TCP', name: '' });
    },
    prepareForCreate: dropTopology,
    prepareForUpdate: dropTopology,
    warnings: (slice, old) => (slice.addressType === 'FQDN' && !old ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
    checksRequired: true,
    validateCreate: checkEndpointSlice,
    validateUpdate: checkEndpointSliceUpdate,
  },
});
