import { defineResource } from '../define.ts';
import type { Endpoints } from '../schema/generated/types.ts';
import { endpointsColumns } from './endpoints-columns.ts';

export const endpoints = defineResource<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  scope: 'Namespaced',
  singular: 'endpoints',
  shortNames: ['ep'],
  listKind: 'EndpointsList',
  columns: endpointsColumns,
});
