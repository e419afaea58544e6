import { TRIGGER_TIME } from '../../api/discovery/endpoint-slice.ts';
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service } from '../../api/schema/generated/types.ts';
import { backendsOf, derivedLabels, type ServiceBackend } from '../lib/service-backend-plan.ts';
import { withTriggerTime } from '../lib/trigger-time-plan.ts';

/** Endpoints hold this many addresses at most; what is left out is said by an annotation. */
const MAX_ADDRESSES = 1000;
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const MANAGED_BY = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };

function toAddress({ ip, hostname, pod }: ServiceBackend): EndpointAddress {
  const { name, namespace, uid } = pod.metadata ?? {};
  return {
    ip,
    ...(hostname && { hostname }),
    ...(pod.spec?.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

interface PortGroup {
  readonly ports: EndpointPort[];
  readonly backends: readonly ServiceBackend[];
}

const toPort = ({ name, port, protocol, appProtocol }: ServiceBackend['ports'][number]): EndpointPort => ({
  ...(name && { name }),
  port,
  protocol,
  ...(appProtocol && { appProtocol }),
});

/** Ports that the same pods offer, together: what a named port stands for may differ from pod to pod, while other ports are the same everywhere. */
function portGroups(backends: readonly ServiceBackend[]): PortGroup[] {
  const offering = new Map<string, { readonly port: EndpointPort | undefined; readonly backends: ServiceBackend[] }>();
  for (const backend of backends) {
    // Backends of a Service without ports belong together as well.
    for (const port of backend.ports.length > 0 ? backend.ports.map(toPort) : [undefined]) {
      const key = JSON.stringify(port ?? null);
      const known = offering.get(key);
      if (known) known.backends.push(backend);
      else offering.set(key, { port, backends: [backend] });
    }
  }
  const groups = new Map<string, PortGroup>();
  for (const { port, backends: offered } of offering.values()) {
    const key = offered.map(({ ip, pod }) => `${ip} ${pod.metadata?.uid}`).join();
    const group = groups.get(key) ?? { ports: [], backends: offered };
    if (port) group.ports.push(port);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** As upstream packs them (kubernetes, pkg/api/v1/endpoints, RepackSubsets), but that subsets are in the order of their ports. */
function subsetsOf(service: Service, backends: readonly ServiceBackend[]): EndpointSubset[] {
  const always = service.spec?.publishNotReadyAddresses ?? false;
  const byIp = (a: EndpointAddress, b: EndpointAddress) => (a.ip < b.ip ? -1 : 1);
  return portGroups(backends).map(({ ports, backends: offering }) => {
    const { ready = [], waiting = [] } = Object.groupBy(offering, ({ serving }) => (always || serving ? 'ready' : 'waiting'));
    const [addresses, notReadyAddresses] = [ready, waiting].map((some) => some.map(toAddress).sort(byIp));
    return {
      ...(addresses?.length && { addresses }),
      ...(notReadyAddresses?.length && { notReadyAddresses }),
      ...(ports.length > 0 && { ports }),
    };
  });
}

/** As many as there is room for, in the order of their names: those that are ready before those that are not. */
function withinCapacity(backends: readonly ServiceBackend[], always: boolean): readonly ServiceBackend[] {
  if (backends.length <= MAX_ADDRESSES) return backends;
  const isReady = ({ serving }: ServiceBackend) => always || serving;
  const readyFirst = [...backends.filter(isReady), ...backends.filter((backend) => !isReady(backend))];
  const kept = new Set(readyFirst.slice(0, MAX_ADDRESSES));
  return backends.filter((backend) => kept.has(backend));
}

/** A pod that has none of the Service's ports is not behind it. */
const isReachable = (service: Service, { ports }: ServiceBackend) => ports.length > 0 || !service.spec?.ports?.length;

/** Does this object come from here, not from a person? */
export const isManaged = (object: Endpoints | undefined): boolean =>
  Object.entries(MANAGED_BY).every(([label, name]) => object?.metadata?.labels?.[label] === name);

/**
 * The Endpoints object that a Service with a selector is to have; undefined when `existing` is that already. `triggered`: when what leads to this change happened, if
 * there is one.
 */
export function planEndpoints(
  service: Service,
  pods: readonly Pod[],
  existing: Endpoints | undefined,
  triggered?: string,
): Endpoints | undefined {
  const family = service.spec?.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4';
  const always = service.spec?.publishNotReadyAddresses ?? false;
  const all = backendsOf(service, pods, family).filter((b) => (always || !b.terminating) && isReachable(service, b));
  const subsets = subsetsOf(service, withinCapacity(all, always));
  const labels = { ...derivedLabels(service), ...MANAGED_BY };
  const { [OVER_CAPACITY]: _, ...others } = existing?.metadata?.annotations ?? {};
  const annotations = all.length > MAX_ADDRESSES ? { ...others, [OVER_CAPACITY]: 'truncated' } : others;
  const next: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      ...existing?.metadata,
      name: service.metadata?.name,
      namespace: service.metadata?.namespace,
      labels,
      annotations: withTriggerTime(annotations, triggered),
    },
    ...(subsets.length > 0 && { subsets }),
  };
  const facts = ({ subsets, metadata }: Endpoints) => {
    const { [TRIGGER_TIME]: _time, ...annotated } = metadata?.annotations ?? {};
    return JSON.stringify([subsets ?? [], metadata?.labels ?? {}, annotated]);
  };
  return existing && facts(existing) === facts(next) ? undefined : next;
}
