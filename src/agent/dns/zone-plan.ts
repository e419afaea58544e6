import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice, Service } from '../../api/schema/generated/types.ts';

/** The records that the cluster zone has; names are lower case and without the final dot. */
export type ZoneRecord =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR'; readonly name: string; readonly data: string }
  | { readonly type: 'SRV'; readonly name: string; readonly data: { priority: number; weight: number; port: number; target: string } }
  | { readonly type: 'TXT'; readonly name: string; readonly data: string };

/** `missing`: the name does not exist. An empty answer list: it exists, without records of that type. `foreign`: not our zone. */
export type Answer =
  | { readonly kind: 'records'; readonly answers: readonly ZoneRecord[]; readonly additionals: readonly ZoneRecord[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'foreign' };

/** What the zone is made of: Services and EndpointSlices as the node's informers hold them. */
export interface ZoneView {
  /** `cluster.local` */
  readonly domain: string;
  namespaceExists(namespace: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  /** The Service that has this cluster address. */
  serviceByIp(ip: string): Service | undefined;
  /** Slices of headless Services that hold this endpoint address. */
  slicesByIp(ip: string): readonly EndpointSlice[];
}

/** Version of the specification that is followed: Kubernetes DNS-Based Service Discovery 1.1.0. */
const SCHEMA_VERSION = '1.1.0';

const records = (answers: readonly ZoneRecord[], additionals: readonly ZoneRecord[] = []): Answer => ({
  kind: 'records',
  answers,
  additionals,
});
const MISSING: Answer = { kind: 'missing' };

const addressRecord = (name: string, ip: string): ZoneRecord => ({ type: ip.includes(':') ? 'AAAA' : 'A', name, data: ip });
const ofType = (list: readonly ZoneRecord[], type: string) => list.filter((r) => r.type === type || r.type === 'CNAME' || type === 'ANY');

/** `10-42-0-5` for addresses of endpoints without a host name of their own. */
const dashed = (ip: string) => ip.replaceAll(/[.:]/g, '-');

interface Target {
  readonly ip: string;
  readonly host: string;
  readonly ports: readonly DiscoveryV1EndpointPort[];
}

const isPublished = (service: Service, endpoint: Endpoint) =>
  service.spec?.publishNotReadyAddresses || (endpoint.conditions?.ready ?? true);

function targetsOf(view: ZoneView, service: Service): Target[] {
  const { namespace = '', name = '' } = service.metadata ?? {};
  const seen = new Map<string, Target>();
  for (const slice of view.slices(namespace, name)) {
    if (slice.addressType === 'FQDN') continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (!ip || !isPublished(service, endpoint)) continue;
      const before = seen.get(ip);
      seen.set(ip, { ip, host: endpoint.hostname || dashed(ip), ports: [...(before?.ports ?? []), ...(slice.ports ?? [])] });
    }
  }
  return [...seen.values()];
}

const isHeadless = (service: Service) => service.spec?.clusterIP === 'None';
const clusterIps = (service: Service) => (service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? '']).filter((ip) => ip && ip !== 'None');

function serviceRecords(view: ZoneView, service: Service, name: string): ZoneRecord[] {
  if (service.spec?.type === 'ExternalName') return [{ type: 'CNAME', name, data: service.spec.externalName ?? '' }];
  if (!isHeadless(service)) return clusterIps(service).map((ip) => addressRecord(name, ip));
  return targetsOf(view, service).map(({ ip }) => addressRecord(name, ip));
}

/** `_http._tcp.web.default.svc.cluster.local`: one record a cluster address, or an endpoint of a headless Service. */
function srvRecords(view: ZoneView, service: Service, name: string, base: string, portName: string, protocol: string): Answer {
  const srv = (port: number, target: string): ZoneRecord => ({ type: 'SRV', name, data: { priority: 0, weight: 100, port, target } });
  if (!isHeadless(service)) {
    const port = service.spec?.ports?.find((p) => p.name === portName && (p.protocol ?? 'TCP').toLowerCase() === protocol);
    return port
      ? records(
          [srv(port.port, base)],
          clusterIps(service).map((ip) => addressRecord(base, ip)),
        )
      : MISSING;
  }
  const found = targetsOf(view, service).flatMap(({ ip, host, ports }) =>
    ports
      .filter((p) => p.name === portName && (p.protocol ?? 'TCP').toLowerCase() === protocol && p.port)
      .map((p) => ({ record: srv(p.port ?? 0, `${host}.${base}`), address: addressRecord(`${host}.${base}`, ip) })),
  );
  return found.length > 0
    ? records(
        found.map((f) => f.record),
        found.map((f) => f.address),
      )
    : MISSING;
}

/** Labels in front of `svc.<domain>`, outermost last: [namespace], [service, namespace], [host, …] or [_port, _proto, …]. */
function answerService(view: ZoneView, labels: readonly string[], name: string, type: string): Answer {
  const [namespace = '', serviceName, ...inner] = [...labels].reverse();
  if (!view.namespaceExists(namespace)) return MISSING;
  if (serviceName === undefined) return records([]);
  const service = view.service(namespace, serviceName);
  if (!service) return MISSING;
  const base = `${serviceName}.${namespace}.svc.${view.domain}`;
  if (inner.length === 0) {
    const all = serviceRecords(view, service, name);
    if (all.length === 0 && isHeadless(service)) return MISSING;
    return records(type === 'SRV' ? unnamedSrv(view, service, name, base) : ofType(all, type));
  }
  if (inner.length === 1) {
    const target = isHeadless(service) ? targetsOf(view, service).filter((t) => t.host === inner[0]) : [];
    return target.length > 0
      ? records(
          ofType(
            target.map((t) => addressRecord(name, t.ip)),
            type,
          ),
        )
      : MISSING;
  }
  const [protocol = '', port = ''] = inner;
  if (inner.length !== 2 || !protocol.startsWith('_') || !port.startsWith('_')) return MISSING;
  const answer = srvRecords(view, service, name, base, port.slice(1), protocol.slice(1));
  return answer.kind === 'records' && type !== 'SRV' && type !== 'ANY' ? records([]) : answer;
}

/** SRV without a port name: every port of the Service. */
function unnamedSrv(view: ZoneView, service: Service, name: string, base: string): ZoneRecord[] {
  const srv = (port: number, target: string): ZoneRecord => ({ type: 'SRV', name, data: { priority: 0, weight: 100, port, target } });
  if (!isHeadless(service)) return (service.spec?.ports ?? []).map((p) => srv(p.port, base));
  return targetsOf(view, service).flatMap(({ host, ports }) => ports.flatMap((p) => (p.port ? [srv(p.port, `${host}.${base}`)] : [])));
}

/** `10-42-0-5.default.pod.cluster.local`: the address that the name spells (CoreDNS' `pods insecure`). */
function answerPod(view: ZoneView, labels: readonly string[], name: string, type: string): Answer {
  const [namespace = '', spelled, ...more] = [...labels].reverse();
  if (!view.namespaceExists(namespace) || more.length > 0) return MISSING;
  if (spelled === undefined) return records([]);
  const isV4 = /^\d+-\d+-\d+-\d+$/.test(spelled) && spelled.split('-').every((part) => Number(part) <= 255);
  const isV6 = !isV4 && /^[0-9a-f-]+$/.test(spelled) && spelled.includes('-');
  if (!isV4 && !isV6) return MISSING;
  return records(ofType([addressRecord(name, spelled.replaceAll('-', isV4 ? '.' : ':'))], type));
}

/** The address that an in-addr.arpa or ip6.arpa name spells; undefined for incomplete names. */
export function addressOfReverse(name: string): string | undefined {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (v4) return v4.slice(1).reverse().join('.');
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (!v6) return undefined;
  const nibbles = (v6[1] ?? '').split('.').reverse().join('');
  const groups = nibbles.match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function answerReverse(view: ZoneView, name: string, type: string): Answer {
  const ip = addressOfReverse(name);
  if (ip === undefined) return { kind: 'foreign' };
  const pointer = (data: string): ZoneRecord => ({ type: 'PTR', name, data });
  const service = view.serviceByIp(ip);
  const found: ZoneRecord[] = service ? [pointer(`${service.metadata?.name}.${service.metadata?.namespace}.svc.${view.domain}`)] : [];
  for (const slice of view.slicesByIp(ip)) {
    const owner = view.service(slice.metadata?.namespace ?? '', slice.metadata?.labels?.['kubernetes.io/service-name'] ?? '');
    if (!owner || !isHeadless(owner)) continue;
    const endpoint = slice.endpoints?.find((e) => e.addresses[0] === ip);
    if (endpoint)
      found.push(pointer(`${endpoint.hostname || dashed(ip)}.${owner.metadata?.name}.${owner.metadata?.namespace}.svc.${view.domain}`));
  }
  return found.length > 0 ? records(ofType(found, type)) : { kind: 'foreign' };
}

/** Answers one question from the cluster zone (Kubernetes DNS-Based Service Discovery). `name` in any case, without the final dot. */
export function answerQuestion(view: ZoneView, question: { name: string; type: string }): Answer {
  const name = question.name.toLowerCase();
  if (name.endsWith('.arpa')) return answerReverse(view, name, question.type);
  if (name !== view.domain && !name.endsWith(`.${view.domain}`)) return { kind: 'foreign' };
  const labels = name
    .slice(0, -view.domain.length - 1)
    .split('.')
    .filter(Boolean);
  const kind = labels.pop();
  switch (kind) {
    case undefined:
      return records([]);
    case 'dns-version':
      return labels.length > 0 ? MISSING : records(ofType([{ type: 'TXT', name, data: SCHEMA_VERSION }], question.type));
    case 'svc':
      return labels.length === 0 ? records([]) : answerService(view, labels, name, question.type);
    case 'pod':
      return labels.length === 0 ? records([]) : answerPod(view, labels, name, question.type);
    default:
      return MISSING;
  }
}
