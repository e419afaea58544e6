import { column, defineResource } from '../define.ts';
import { firstFew, loadBalancerCell, NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { Ingress } from '../schema/generated/types.ts';
import { checkIngress, checkIngressStatus, checkNewIngress } from './ingress-validation.ts';

const MAX_HOSTS = 3;

function hostsCell({ spec }: Ingress): string {
  const hosts = (spec?.rules ?? []).map((rule) => rule.host ?? '').filter(Boolean);
  return hosts.length > 0 ? firstFew(hosts, MAX_HOSTS) : '*';
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
  hooks: { checksRequired: true, validate: checkIngress, validateCreate: checkNewIngress, validateStatus: checkIngressStatus },
  columns: [
    nameColumn,
    column('Class', 'string', (ingress) => ingress.spec?.ingressClassName ?? NONE),
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
