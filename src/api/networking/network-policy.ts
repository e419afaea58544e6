import { defineResource } from '../define.ts';
import type { NetworkPolicy } from '../schema/generated/types.ts';

export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  scope: 'Namespaced',
  shortNames: ['netpol'],
  generation: true,
  behaviour: 'stored-only',
});
