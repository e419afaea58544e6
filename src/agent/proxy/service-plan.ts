import type { EndpointSlice, Pod, Service, ServicePort } from '../../api/schema/generated/types.ts';

export type Family = 'IPv4' | 'IPv6';

export interface Backend {
  readonly ip: string;
  readonly port: number;
}

/** One way into a Service: an address (or every address of the node) and a port, and the backends behind it. */
export interface Frontend {
  /** Unique and stable: `namespace/name:port`, with the traffic policy's scope. */
  readonly id: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Addresses that lead here; empty for a pure node port. */
  readonly ips: readonly string[];
  readonly port: number;
  readonly nodePort: number | undefined;
  readonly backends: readonly Backend[];
  /** Seconds for which a client address stays with its backend; undefined: none. */
  readonly affinitySeconds: number | undefined;
  /** Rewrite the source, so that answers come back through this node: for clients from outside when backends may be elsewhere. */
  readonly masquerade: 'never' | 'outside' | 'always';
}

/** What of this node the plan depends on. */
export interface Place {
  readonly nodeName: string;
  readonly family: Family;
  /** Cluster addresses that this node answers itself (cluster DNS): they are left alone. */
  readonly ownAddresses?: ReadonlySet<string>;
}

const PROTOCOLS = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;
const isFamily = (ip: string, family: Family) => ip.includes(':') === (family === 'IPv6');

interface Candidate extends Backend {
  readonly nodeName: string | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

function candidatesOf(port: ServicePort, slices: readonly EndpointSlice[], family: Family): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== family) continue;
    const target = slice.ports?.find((p) => (p.name ?? '') === (port.name ?? '') && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (!target?.port) continue;
    for (const { addresses, conditions, nodeName } of slice.endpoints ?? []) {
      const ready = conditions?.ready ?? true;
      const ip = addresses[0];
      if (!ip) continue;
      found.set(`${ip}:${target.port}`, {
        ip,
        port: target.port,
        nodeName,
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : a.port - b.port));
}

/** Ready endpoints; when there is none, those that still serve while they terminate (KEP-1669). */
function usable(candidates: readonly Candidate[]): Backend[] {
  const ready = candidates.filter((c) => c.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter((c) => c.serving && c.terminating);
  return chosen.map(({ ip, port }) => ({ ip, port }));
}

function frontendsOfPort(service: Service, port: ServicePort, slices: readonly EndpointSlice[], place: Place): Frontend[] {
  const spec = service.spec ?? {};
  const all = candidatesOf(port, slices, place.family);
  const local = all.filter((c) => c.nodeName === place.nodeName);
  const id = `${service.metadata?.namespace}/${service.metadata?.name}:${port.name ?? ''}`;
  const mine = (ips: readonly (string | undefined)[]) =>
    ips.filter((ip): ip is string => !!ip && ip !== 'None' && isFamily(ip, place.family) && !place.ownAddresses?.has(ip));
  const affinitySeconds =
    spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined;
  const shared = { protocol: PROTOCOLS[(port.protocol ?? 'TCP') as keyof typeof PROTOCOLS], port: port.port, affinitySeconds };
  const clusterIps = mine(spec.clusterIPs ?? [spec.clusterIP]);
  const outside = mine([...(spec.externalIPs ?? []), ...(service.status?.loadBalancer?.ingress ?? []).map((i) => i.ip)]);

  const frontends: Frontend[] = [];
  if (clusterIps.length > 0) {
    const backends = usable(spec.internalTrafficPolicy === 'Local' ? local : all);
    frontends.push({ ...shared, id: `${id}/internal`, ips: clusterIps, nodePort: undefined, backends, masquerade: 'outside' });
  }
  if (port.nodePort || outside.length > 0) {
    const keepsSource = spec.externalTrafficPolicy === 'Local';
    const backends = usable(keepsSource ? local : all);
    frontends.push({
      ...shared,
      id: `${id}/external`,
      ips: outside,
      nodePort: port.nodePort,
      backends,
      masquerade: keepsSource ? 'never' : 'always',
    });
  }
  return frontends;
}

/** Every frontend of a Service in one address family. Headless and ExternalName Services have none. */
export function frontendsOf(service: Service, slices: readonly EndpointSlice[], place: Place): Frontend[] {
  if (service.spec?.type === 'ExternalName' || service.spec?.clusterIP === 'None') return [];
  const label = service.metadata?.labels?.['service.kubernetes.io/service-proxy-name'];
  if (label !== undefined) return [];
  return (service.spec?.ports ?? []).flatMap((port) => frontendsOfPort(service, port, slices, place));
}

/** Host ports of a pod on this node: a way in each, with the pod as the only backend. */
export function hostPortFrontends(pod: Pod, family: Family): Frontend[] {
  const ip = (pod.status?.podIPs ?? []).map((p) => p.ip).find((address) => isFamily(address, family));
  if (!ip || pod.spec?.hostNetwork) return [];
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP = '', containerPort, protocol = 'TCP' }): Frontend[] => {
      const anywhere = ['', '0.0.0.0', '::'].includes(hostIP);
      if (!hostPort || (!anywhere && !isFamily(hostIP, family))) return [];
      return [
        {
          id: `${pod.metadata?.uid}/${container.name}/${hostIP}:${hostPort}/${protocol}`,
          protocol: PROTOCOLS[protocol as keyof typeof PROTOCOLS],
          ips: anywhere ? [] : [hostIP],
          port: hostPort,
          nodePort: anywhere ? hostPort : undefined,
          backends: [{ ip, port: containerPort }],
          affinitySeconds: undefined,
          masquerade: 'never',
        },
      ];
    }),
  );
}
