import { column, defineResource } from '../define.ts';
import { balancerWarnings } from '../meta/address-warnings.ts';
import { loadBalancerCell, NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { Ingress } from '../schema/generated/types.ts';
import { checkIngress, checkIngressStatus, checkNewIngress } from './ingress-validation.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const MAX_HOSTS = 3;

/** Once three hosts are shown every rule that follows counts as one more, with a host or without; the number is that of all rules beyond three. */
function hostsCell({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const shown: string[] = [];
  let more = false;
  for (const { host } of rules) {
    more ||= shown.length === MAX_HOSTS;
    if (!more && host) shown.push(host);
  }
  if (shown.length === 0) return '*';
  return more ? `${shown.join(',')} + ${rules.length - MAX_HOSTS} more...` : shown.join(',');
}

export const ingresses = defineResource<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  scope: 'Namespaced',
  shortNames: ['ing'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
  hooks: {
    checksRequired: true,
    validate: checkIngress,
    validateCreate: checkNewIngress,
    validateStatus: checkIngressStatus,
    statusWarnings: ({ status }) => balancerWarnings(status?.loadBalancer?.ingress),
    warnings: ({ metadata, spec }, old) =>
      old === undefined && metadata?.annotations?.[CLASS_ANNOTATION] !== undefined && spec?.ingressClassName === undefined
        ? [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`]
        : [],
  },
  columns: [
    nameColumn,
    column('Class', 'string', (ingress) => ingress.spec?.ingressClassName ?? NONE, {
      description: 'The name of the IngressClass resource that should be used for additional configuration',
    }),
    column('Hosts', 'string', hostsCell, { description: 'Hosts that incoming requests are matched against before the ingress rule' }),
    column('Address', 'string', (ingress) => loadBalancerCell(ingress.status?.loadBalancer?.ingress), {
      description: 'Address is a list containing ingress points for the load-balancer',
    }),
    column('Ports', 'string', (ingress) => (ingress.spec?.tls?.length ? '80, 443' : '80'), {
      description: 'Ports of TLS configurations that open',
    }),
    ageColumn,
  ],
});
