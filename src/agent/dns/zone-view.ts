import { serviceKeyOf } from '../../api/discovery/endpoint-slice.ts';
import { endpointSlices, namespaces, services } from '../../api/index.ts';
import type { EndpointSlice, Service } from '../../api/schema/generated/types.ts';
import type { Informers } from '../../client/informer.ts';
import type { ZoneView } from './zone-plan.ts';

const clusterIps = (service: Service) => (service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? '']).filter((ip) => ip && ip !== 'None');

/** The cluster zone as this node's informers see it: indexes only, nothing is copied. */
export function zoneView(informers: Informers, domain: string): ZoneView {
  const byService = informers.informer(services, { indexes: { ip: clusterIps } });
  const bySlice = informers.informer(endpointSlices, {
    indexes: {
      service: (slice: EndpointSlice) => [serviceKeyOf(slice)],
      ip: (slice: EndpointSlice) => (slice.endpoints ?? []).flatMap((e) => e.addresses.slice(0, 1)),
    },
  });
  const namespaceInformer = informers.informer(namespaces);
  return {
    domain,
    namespaceExists: (name) => namespaceInformer.get(name) !== undefined,
    service: (namespace, name) => byService.get(`${namespace}/${name}`),
    slices: (namespace, service) => bySlice.by('service', `${namespace}/${service}`),
    serviceByIp: (ip) => byService.by('ip', ip)[0],
    slicesByIp: (ip) => bySlice.by('ip', ip),
  };
}
