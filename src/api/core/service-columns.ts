import { type Column, column } from '../define.ts';
import { formatLabels, loadBalancerCell, NONE, UNKNOWN } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import type { Service } from '../schema/generated/types.ts';

function externalIpCell({ spec, status }: Service): string {
  const externalIps = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return externalIps.join(',') || NONE;
    case 'LoadBalancer': {
      const assigned = loadBalancerCell(status?.loadBalancer?.ingress);
      return [...(assigned ? [assigned] : []), ...externalIps].join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return UNKNOWN;
  }
}

const portsCell = ({ spec }: Service): string =>
  (spec?.ports ?? []).map((p) => `${p.port}${p.nodePort ? `:${p.nodePort}` : ''}/${p.protocol ?? 'TCP'}`).join(',') || NONE;

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  column('Type', 'string', (service: Service) => service.spec?.type ?? '', { of: 'ServiceSpec.type' }),
  column('Cluster-IP', 'string', ({ spec }: Service) => spec?.clusterIPs?.[0] || spec?.clusterIP || NONE, { of: 'ServiceSpec.clusterIP' }),
  column('External-IP', 'string', externalIpCell, { of: 'ServiceSpec.externalIPs' }),
  column('Port(s)', 'string', portsCell, { of: 'ServiceSpec.ports' }),
  ageColumn,
  wideColumn('Selector', 'string', (service: Service) => formatLabels(service.spec?.selector), { of: 'ServiceSpec.selector' }),
];
