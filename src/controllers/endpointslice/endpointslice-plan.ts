import { SERVICE_NAME_LABEL } from '../../api/discovery/endpoint-slice.ts';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice, Node, Pod, Service } from '../../api/schema/generated/types.ts';
import { ownerReference } from '../lib/ownership-plan.ts';
import { backendsOf, derivedLabels, type ServiceBackend } from '../lib/service-backend-plan.ts';
import { type EndpointGroup, MANAGED_BY_LABEL, packSlices, type SlicePlan } from '../lib/slice-packing-plan.ts';
import { hintsByDistribution, hintsByLoad, wantsZonesByLoad, type ZoneShares, zoneOf } from './hints-plan.ts';

export const MANAGED_BY = 'endpointslice-controller.k8s.io';

/** Upstream's default of --max-endpoints-per-slice. */
const MAX_ENDPOINTS = 100;

type Family = 'IPv4' | 'IPv6';

/** Where the pods are. */
export interface Topology {
  node(name: string): Node | undefined;
  /** Asked for Services that want hints by load. */
  shares(): ZoneShares;
}

export interface ServiceSlicePlan extends SlicePlan {
  /** By address type: why hints that were asked for cannot be given; undefined: they are. Empty when none are asked for by annotation. */
  readonly hints: ReadonlyMap<string, string | undefined>;
}

/** Pods resolve named ports differently: endpoints with the same ports go into the same slices. */
function groupsOf(service: Service, pods: readonly Pod[], family: Family, topology: Topology): EndpointGroup[] {
  const groups = new Map<string, { ports: DiscoveryV1EndpointPort[]; endpoints: Endpoint[] }>();
  for (const backend of backendsOf(service, pods, family)) {
    const node = topology.node(backend.pod.spec?.nodeName ?? '');
    // The node went, or is not known yet; its pod goes soon, or comes back with it.
    if (!node && !service.spec?.publishNotReadyAddresses) continue;
    const ports = backend.ports.map(({ name, port, protocol, appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol && { appProtocol }),
    }));
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(toEndpoint(service, backend, zoneOf(node)));
    groups.set(key, group);
  }
  return [...groups.values()];
}

function toEndpoint(service: Service, { pod, ip, hostname, serving, terminating }: ServiceBackend, zone: string | undefined): Endpoint {
  const always = service.spec?.publishNotReadyAddresses ?? false;
  return {
    addresses: [ip],
    conditions: { ready: always || (serving && !terminating), serving, terminating },
    ...(hostname && { hostname }),
    targetRef: { kind: 'Pod', name: pod.metadata?.name, namespace: pod.metadata?.namespace, uid: pod.metadata?.uid },
    ...(pod.spec?.nodeName && { nodeName: pod.spec.nodeName }),
    ...(zone && { zone }),
  };
}

/** Puts hints on the endpoints of all groups together. */
function withHints(
  service: Service,
  groups: readonly EndpointGroup[],
  existing: readonly EndpointSlice[],
  topology: Topology,
): { groups: readonly EndpointGroup[]; problem?: string } {
  if (!wantsZonesByLoad(service)) {
    return { groups: groups.map((group) => ({ ...group, endpoints: hintsByDistribution(service, group.endpoints) })) };
  }
  const before = new Map(existing.flatMap((s) => s.endpoints ?? []).map((e) => [e.addresses[0], e.hints?.forZones?.[0]?.name]));
  const all = groups.flatMap((group) => group.endpoints);
  const hinted = hintsByLoad(
    all,
    all.map((e) => before.get(e.addresses[0])),
    topology.shares(),
  );
  let from = 0;
  const parts = groups.map((group) => {
    const endpoints = hinted.endpoints.slice(from, from + group.endpoints.length);
    from += group.endpoints.length;
    return { ...group, endpoints };
  });
  return { groups: parts, problem: hinted.problem };
}

/** The changes that make a Service's slices say which pods are behind it, touching as few slices as possible. */
export function planSlices(
  service: Service,
  pods: readonly Pod[],
  existing: readonly EndpointSlice[],
  topology: Topology,
): ServiceSlicePlan {
  const families = (service.spec?.ipFamilies ?? ['IPv4']) as Family[];
  const { name = '', namespace = '' } = service.metadata ?? {};
  const labels = { ...derivedLabels(service), [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: MANAGED_BY };
  const owner = ownerReference(service, 'v1', 'Service');
  const hints = new Map<string, string | undefined>();
  const plans = families.map((family) => {
    const own = existing.filter((slice) => slice.addressType === family);
    const { groups, problem } = withHints(service, groupsOf(service, pods, family, topology), own, topology);
    if (wantsZonesByLoad(service)) hints.set(family, problem);
    // A Service without endpoints has one empty slice, so that its consumers know that it was looked at.
    const wanted = groups.length > 0 ? groups : [{ ports: [], endpoints: [] }];
    return packSlices(own, wanted, { owner, namespace, addressType: family, labels, mostEndpoints: MAX_ENDPOINTS });
  });
  const strange = existing.filter((slice) => !families.includes(slice.addressType as Family));
  return {
    create: plans.flatMap((p) => p.create),
    update: plans.flatMap((p) => p.update),
    remove: [...plans.flatMap((p) => p.remove), ...strange],
    hints,
  };
}
