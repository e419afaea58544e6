import { defineResource } from '../define.ts';
import type { IPAddress } from '../schema/generated/types.ts';

export const ipAddresses = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  scope: 'Cluster',
  shortNames: ['ip'],
  behaviour: 'stored-only',
});
