import { column, defineResource } from '../define.ts';
import { cidrWarnings } from '../meta/address-warnings.ts';
import { selectorCell } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import type { NetworkPolicy, NetworkPolicyPeer } from '../schema/generated/types.ts';
import { checkNetworkPolicy } from './network-policy-validation.ts';

function rangeWarnings({ spec }: NetworkPolicy): string[] {
  const of = (path: string, peers: readonly NetworkPolicyPeer[] = []) =>
    peers.flatMap(({ ipBlock }, i) => [
      ...(ipBlock ? cidrWarnings(`${path}[${i}].ipBlock.cidr`, ipBlock.cidr) : []),
      ...(ipBlock?.except ?? []).flatMap((range, k) => cidrWarnings(`${path}[${i}].ipBlock.except[${k}]`, range)),
    ]);
  return [
    ...(spec?.ingress ?? []).flatMap(({ from }, i) => of(`spec.ingress[${i}].from`, from)),
    ...(spec?.egress ?? []).flatMap(({ to }, i) => of(`spec.egress[${i}].to`, to)),
  ];
}

export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  scope: 'Namespaced',
  shortNames: ['netpol'],
  generation: true,
  behaviour: 'stored-only',
  columns: [
    nameColumn,
    column('Pod-Selector', 'string', (policy) => selectorCell(policy.spec?.podSelector), { of: 'NetworkPolicySpec.podSelector' }),
    ageColumn,
  ],
  hooks: {
    checksRequired: true,
    validate: checkNetworkPolicy,
    warnings: rangeWarnings,
    defaults({ spec }) {
      if (!spec) return;
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
        for (const port of rule.ports ?? []) fill(port, { protocol: 'TCP' });
      }
      if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
    },
  },
});
