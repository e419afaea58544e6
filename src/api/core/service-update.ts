import { same } from '../meta/validation.ts';
import type { Service, ServiceSpec } from '../schema/generated/types.ts';
import { allocatesNodePorts, hasNodePorts, isAccessible, TRAFFIC_POLICIES } from './service-defaults.ts';

const hasClusterIp = (spec: ServiceSpec) => spec.type !== 'ExternalName';
/** Does a load balancer ask nodes whether they have endpoints? */
export const needsHealthCheck = (spec: ServiceSpec): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/**
 * What the server allocated stays when an update leaves it out (a manifest that is applied again knows no addresses), and goes when
 * the new type has no use for it (kubernetes, registry/core/service: storage/storage.go patchAllocatedValues, strategy.go dropTypeDependentFields).
 */
export function keepAllocations(draft: Service, old: Service): void {
  if (!draft.spec || !old.spec) return;
  alignClusterIps(draft.spec, old.spec);
  keepClusterIps(draft.spec, old.spec);
  keepNodePorts(draft.spec, old.spec);
  if (needsHealthCheck(draft.spec) && needsHealthCheck(old.spec)) draft.spec.healthCheckNodePort ||= old.spec.healthCheckNodePort;
  dropUseless(draft.spec, old.spec);
  if (draft.spec.type !== 'LoadBalancer' && draft.status?.loadBalancer?.ingress) draft.status = { ...draft.status, loadBalancer: {} };
  dropInternalPolicy(draft);
}

/** Names of outside may say how traffic from inside goes, for upstream once did; nobody sees it (storage.go: defaultOnReadInternalTrafficPolicy). */
export function dropInternalPolicy({ spec }: Service): void {
  if (spec?.type === 'ExternalName' && TRAFFIC_POLICIES.includes(spec.internalTrafficPolicy ?? '')) delete spec.internalTrafficPolicy;
}

/** Clients that know one of `clusterIP` and `clusterIPs` alone mean both. Kubernetes: KEP-1338, dual stack. */
function alignClusterIps(draft: ServiceSpec, old: ServiceSpec): void {
  const [now, before] = [draft.clusterIP ?? '', old.clusterIP ?? ''];
  if (now === before) {
    if (!draft.clusterIPs?.length && old.clusterIPs?.length) draft.clusterIPs = [...old.clusterIPs];
  } else if (same(draft.clusterIPs, old.clusterIPs)) {
    if (now === '') delete draft.clusterIPs;
    else draft.clusterIPs = [now];
  }
}

function keepClusterIps(draft: ServiceSpec, old: ServiceSpec): void {
  if (!hasClusterIp(draft) || !hasClusterIp(old) || draft.clusterIP || draft.clusterIPs?.length) return;
  if (old.clusterIP) draft.clusterIP = old.clusterIP;
  if (old.clusterIPs) draft.clusterIPs = [...old.clusterIPs];
  if (old.ipFamilies) draft.ipFamilies ??= [...old.ipFamilies];
  if (old.ipFamilyPolicy) draft.ipFamilyPolicy ??= old.ipFamilyPolicy;
}

function keepNodePorts(draft: ServiceSpec, old: ServiceSpec): void {
  if (!allocatesNodePorts(draft) || !allocatesNodePorts(old)) return;
  const taken = nodePortsOf(draft);
  const allocated = new Map((old.ports ?? []).map((p) => [p.name ?? '', p.nodePort]));
  for (const port of draft.ports ?? []) {
    const nodePort = allocated.get(port.name ?? '');
    if (!port.nodePort && nodePort && !taken.has(nodePort)) port.nodePort = nodePort;
  }
}

const nodePortsOf = ({ ports = [] }: ServiceSpec) => new Set(ports.map((p) => p.nodePort).filter(Boolean));

/** Only what the client did not touch is dropped: a changed value is the client's mistake, and validation says so. */
function dropUseless(draft: ServiceSpec, old: ServiceSpec): void {
  if (hasClusterIp(old) && !hasClusterIp(draft)) dropAddresses(draft, old);
  if (hasNodePorts(old) && !hasNodePorts(draft)) dropNodePorts(draft, old);
  if (needsHealthCheck(old) && !needsHealthCheck(draft) && draft.healthCheckNodePort === old.healthCheckNodePort) {
    delete draft.healthCheckNodePort;
  }
  if (old.type === 'LoadBalancer' && draft.type !== 'LoadBalancer')
    dropSame(draft, old, ['allocateLoadBalancerNodePorts', 'loadBalancerClass']);
  if (isAccessible(old) && !isAccessible(draft)) dropSame(draft, old, ['externalTrafficPolicy']);
}

function dropAddresses(draft: ServiceSpec, old: ServiceSpec): void {
  if (draft.clusterIP === old.clusterIP && same(draft.clusterIPs, old.clusterIPs)) {
    delete draft.clusterIP;
    delete draft.clusterIPs;
  }
  dropSame(draft, old, ['ipFamilies', 'ipFamilyPolicy']);
}

function dropSame(draft: ServiceSpec, old: ServiceSpec, fields: readonly (keyof ServiceSpec)[]): void {
  for (const field of fields) if (same(draft[field], old[field])) delete draft[field];
}

function dropNodePorts(draft: ServiceSpec, old: ServiceSpec): void {
  const before = nodePortsOf(old);
  if ([...nodePortsOf(draft)].every((port) => before.has(port))) for (const port of draft.ports ?? []) delete port.nodePort;
}
