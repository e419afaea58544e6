import { defineResource } from '../define.ts';
import { ipWarnings } from '../meta/address-warnings.ts';
import { fillZero } from '../meta/fill.ts';
import type { Endpoints } from '../schema/generated/types.ts';
import { endpointsColumns } from './endpoints-columns.ts';
import { checkEndpoints } from './validation-endpoints.ts';

const addressWarnings = ({ subsets = [] }: Endpoints): string[] =>
  subsets.flatMap((subset, i) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip }, j) => ipWarnings(`subsets[${i}].${list}[${j}].ip`, ip)),
    ),
  );

export const endpoints = defineResource<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  scope: 'Namespaced',
  singular: 'endpoints',
  shortNames: ['ep'],
  listKind: 'EndpointsList',
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: endpointsColumns,
  hooks: {
    defaults({ subsets }) {
      for (const subset of subsets ?? []) for (const port of subset.ports ?? []) fillZero(port, { protocol: 'TCP' });
    },
    checksRequired: true,
    validate: checkEndpoints,
    warnings: addressWarnings,
  },
});
