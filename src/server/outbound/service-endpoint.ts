import { SERVICE_NAME_LABEL } from '../../api/discovery/endpoint-slice.ts';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { Endpoint, EndpointSlice, Service, ServicePort } from '../../api/schema/generated/types.ts';
import type { Random } from '../../base/random.ts';
import type { ObjectReader } from '../ports.ts';

/** A Service as webhooks and APIServices name it. */
export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  /** Absent: 443. */
  readonly port?: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const HTTPS_PORT = 443;
const ROUTABLE_TYPES = new Set(['ClusterIP', 'NodePort', 'LoadBalancer']);

/** What is missing is named in the singular: upstream looks it up in an informer's lister, not in the API. */
const SERVICE = { plural: 'service', group: '' };

const unavailable = (message: string): ApiError => new ApiError('ServiceUnavailable', message);

/**
 * Where connections to the Service's port go: one of its ready endpoints, so that the API server needs no service rules on its own machine; the
 * cluster IP when nobody keeps EndpointSlices for it. Throws NotFound and ServiceUnavailable in upstream's words (apiserver, util/proxy).
 */
export function serviceAddress(objects: ObjectReader, { namespace, name, port = HTTPS_PORT }: ServiceReference, pick: Random): Address {
  const service = objects.get<Service>('services', namespace, name);
  if (!service) throw notFound(SERVICE, name);
  const { type = 'ClusterIP', ports = [], externalName, clusterIP } = service.spec ?? {};
  if (type === 'ExternalName' && externalName) return { host: externalName, port };
  if (!ROUTABLE_TYPES.has(type)) throw new ApiError('InternalError', `unsupported service type ${JSON.stringify(type)}`);
  const wanted = ports.find((each) => each.port === port);
  if (!wanted) throw unavailable(`no service port ${port} found for service "${name}"`);
  const slices = slicesOf(objects, namespace, name);
  if (slices.length === 0 && clusterIP && clusterIP !== 'None') return { host: clusterIP, port };
  return endpointAddress(service, slices, wanted, pick);
}

/** One of the addresses behind a Service's port, of the Service's first family when there is one. Throws ServiceUnavailable. */
export function endpointAddress(service: Service, slices: readonly EndpointSlice[], port: ServicePort, pick: Random): Address {
  const family = service.spec?.ipFamilies?.[0];
  const found = slices.flatMap((slice) =>
    sockets(slice, port.name ?? '').map((socket) => ({ ...socket, preferred: slice.addressType === family })),
  );
  const first = found.some((each) => each.preferred) ? found.filter((each) => each.preferred) : found;
  const chosen = first[Math.floor(pick() * first.length)];
  if (!chosen) throw unavailable(`no endpoints available for service "${service.metadata?.name}"`);
  return { host: chosen.host, port: chosen.port };
}

export const slicesOf = (objects: ObjectReader, namespace: string, service: string): readonly EndpointSlice[] =>
  objects
    .list<EndpointSlice>('endpointslices.discovery.k8s.io', namespace)
    .filter((slice) => slice.metadata?.labels?.[SERVICE_NAME_LABEL] === service);

const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready ?? true;

function sockets(slice: EndpointSlice, portName: string): Address[] {
  const port = slice.ports?.find(({ name = '' }) => name === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).filter(isReady).flatMap(({ addresses: [host] }) => (host === undefined ? [] : [{ host, port }]));
}
