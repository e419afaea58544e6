import { SERVICE_NAME_LABEL } from '../../api/discovery/endpoint-slice.ts';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice, Pod, Service } from '../../api/schema/generated/types.ts';
import { backendsOf, derivedLabels, type ServiceBackend } from '../lib/service-backend-plan.ts';

export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const MANAGED_BY = 'endpointslice-controller.k8s.io';

/** Upstream's default of --max-endpoints-per-slice. */
const MAX_ENDPOINTS = 100;

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

type Family = 'IPv4' | 'IPv6';
interface Group {
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: Map<string, Endpoint>;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function toEndpoint(service: Service, { pod, ip, hostname, serving, terminating }: ServiceBackend): Endpoint {
  const always = service.spec?.publishNotReadyAddresses ?? false;
  return {
    addresses: [ip],
    conditions: { ready: always || (serving && !terminating), serving, terminating },
    ...(hostname && { hostname }),
    ...(pod.spec?.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', name: pod.metadata?.name, namespace: pod.metadata?.namespace, uid: pod.metadata?.uid },
  };
}

/** Pods resolve named ports differently: endpoints with the same ports go into the same slices. */
function groupsOf(service: Service, pods: readonly Pod[], family: Family): Group[] {
  const groups = new Map<string, Group>();
  for (const backend of backendsOf(service, pods, family)) {
    const ports = backend.ports.map(({ name, port, protocol, appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol && { appProtocol }),
    }));
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map<string, Endpoint>() };
    group.endpoints.set(backend.ip, toEndpoint(service, backend));
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** What of a slice's endpoints stays, as it is to be now. Takes these out of the group. */
function retain(slice: EndpointSlice, group: Group): Endpoint[] {
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const wanted = group.endpoints.get(endpoint.addresses[0] ?? '');
    if (!wanted) return [];
    group.endpoints.delete(endpoint.addresses[0] ?? '');
    return [wanted];
  });
}

function newSlice(
  service: Service,
  family: Family,
  ports: readonly DiscoveryV1EndpointPort[],
  endpoints: Endpoint[],
  labels: Record<string, string>,
): EndpointSlice {
  const { name = '', namespace, uid = '' } = service.metadata ?? {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType: family,
    ports: [...ports],
    endpoints,
  };
}

/** Fills what is left of a group into slices that have room, then into new ones. */
function distribute(group: Group, kept: Map<EndpointSlice, Endpoint[]>): Endpoint[][] {
  const left = [...group.endpoints.values()];
  for (const endpoints of kept.values()) {
    while (left.length > 0 && endpoints.length < MAX_ENDPOINTS && endpoints.length > 0) endpoints.push(left.shift() as Endpoint);
  }
  const fresh: Endpoint[][] = [];
  while (left.length > 0) fresh.push(left.splice(0, MAX_ENDPOINTS));
  return fresh;
}

function planFamily(service: Service, pods: readonly Pod[], existing: readonly EndpointSlice[], family: Family): SlicePlan {
  const labels = { ...derivedLabels(service), [SERVICE_NAME_LABEL]: service.metadata?.name ?? '', [MANAGED_BY_LABEL]: MANAGED_BY };
  const plan = { create: [] as EndpointSlice[], update: [] as EndpointSlice[], remove: [] as EndpointSlice[] };
  const unused = new Set(existing);
  const groups = groupsOf(service, pods, family);
  // A Service without endpoints has one empty slice, so that its consumers know that it was looked at.
  if (groups.length === 0) groups.push({ ports: [], endpoints: new Map() });
  for (const group of groups) {
    const own = existing.filter((slice) => same(slice.ports ?? [], group.ports));
    const kept = new Map(own.map((slice) => [slice, retain(slice, group)]));
    const fresh = distribute(group, kept);
    const isPlaceholder = group.ports.length === 0 && groups.length === 1 && fresh.length === 0;
    let placeholder = isPlaceholder;
    for (const [slice, endpoints] of kept) {
      const reused = endpoints.length === 0 ? fresh.shift() : undefined;
      if (endpoints.length === 0 && !reused && !placeholder) continue;
      placeholder = false;
      unused.delete(slice);
      const next = reused ?? endpoints;
      if (same(slice.endpoints ?? [], next) && same(slice.metadata?.labels, labels)) continue;
      plan.update.push({ ...slice, metadata: { ...slice.metadata, labels }, endpoints: next });
    }
    for (const endpoints of fresh) plan.create.push(newSlice(service, family, group.ports, endpoints, labels));
    if (placeholder) plan.create.push(newSlice(service, family, [], [], labels));
  }
  plan.remove.push(...unused);
  return plan;
}

/** The changes that make a Service's slices say which pods are behind it, touching as few slices as possible. */
export function planSlices(service: Service, pods: readonly Pod[], existing: readonly EndpointSlice[]): SlicePlan {
  const families = (service.spec?.ipFamilies ?? ['IPv4']) as Family[];
  const plans = families.map((family) =>
    planFamily(
      service,
      pods,
      existing.filter((s) => s.addressType === family),
      family,
    ),
  );
  const strange = existing.filter((slice) => !families.includes(slice.addressType as Family));
  return {
    create: plans.flatMap((p) => p.create),
    update: plans.flatMap((p) => p.update),
    remove: [...plans.flatMap((p) => p.remove), ...strange],
  };
}
