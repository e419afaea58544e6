import { same } from '../meta/validation.ts';
import type { Service, ServicePort, ServiceSpec } from '../schema/generated/types.ts';
import { hasNodePorts, isAccessible } from './service-defaults.ts';

const hasClusterIp = (spec: ServiceSpec) => spec.type !== 'ExternalName';
/** Does a load balancer ask nodes whether they have endpoints? */
export const needsHealthCheck = (spec: ServiceSpec): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/**
 * What the server allocated stays when an update leaves it out (a manifest that is applied again knows no addresses), and goes when
 * the new type has no use for it.
 */
export function keepAllocations(draft: Service, old: Service): void {
  if (!draft.spec || !old.spec) return;
  alignClusterIps(draft.spec, old.spec);
  keepClusterIps(draft.spec, old.spec);
  keepNodePorts(draft.spec, old.spec);
  if (needsHealthCheck(draft.spec) && needsHealthCheck(old.spec)) draft.spec.healthCheckNodePort ||= old.spec.healthCheckNodePort;
  dropUseless(draft.spec, old.spec);
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
  if (!hasNodePorts(draft) || !hasNodePorts(old)) return;
  const key = (p: ServicePort) => `${p.protocol ?? 'TCP'}/${p.port}`;
  const taken = new Set((draft.ports ?? []).map((p) => p.nodePort).filter(Boolean));
  const allocated = new Map((old.ports ?? []).map((p) => [key(p), p.nodePort]));
  for (const port of draft.ports ?? []) {
    const nodePort = allocated.get(key(port));
    if (!port.nodePort && nodePort && !taken.has(nodePort)) port.nodePort = nodePort;
  }
}

/** Only what the client did not touch is dropped: a changed value is the client's mistake, and validation says so. */
function dropUseless(draft: ServiceSpec, old: ServiceSpec): void {
  if (hasClusterIp(old) && !hasClusterIp(draft)) dropAddresses(draft, old);
  if (hasNodePorts(old) && !hasNodePorts(draft)) dropNodePorts(draft, old);
  if (needsHealthCheck(old) && !needsHealthCheck(draft) && draft.healthCheckNodePort === old.healthCheckNodePort) {
    delete draft.healthCheckNodePort;
  }
  if (old.type === 'LoadBalancer' && draft.type !== 'LoadBalancer') {
    delete draft.allocateLoadBalancerNodePorts;
    if (draft.loadBalancerClass === old.loadBalancerClass) delete draft.loadBalancerClass;
  }
}

function dropAddresses(draft: ServiceSpec, old: ServiceSpec): void {
  if (draft.clusterIP === old.clusterIP && same(draft.clusterIPs, old.clusterIPs)) {
    delete draft.clusterIP;
    delete draft.clusterIPs;
  }
  for (const field of ['ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'] as const)
    if (same(draft[field], old[field])) delete draft[field];
}

function dropNodePorts(draft: ServiceSpec, old: ServiceSpec): void {
  const known = new Set((old.ports ?? []).map((p) => p.nodePort));
  for (const port of draft.ports ?? []) if (known.has(port.nodePort)) delete port.nodePort;
  const accessible = isAccessible(draft);
  if (!accessible && draft.externalTrafficPolicy === old.externalTrafficPolicy) delete draft.externalTrafficPolicy;
}
