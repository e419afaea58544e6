import { fill, fillZero } from '../meta/fill.ts';
import type { Service, ServiceSpec } from '../schema/generated/types.ts';

const AFFINITY_SECONDS = 10_800;
export const hasNodePorts = (spec: ServiceSpec): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer';
/** Those whose ports all have node ports. */
export const allocatesNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
export const TRAFFIC_POLICIES: readonly string[] = ['Cluster', 'Local'];

/** Does anybody outside of the cluster reach it? */
export const isAccessible = (spec: ServiceSpec): boolean =>
  hasNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);

/** Addresses, families and node ports are left to allocation. */
export function defaultService({ spec, status }: Service): void {
  if (!spec) return;
  fillZero(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
  defaultAffinity(spec);
  for (const port of spec.ports ?? []) {
    fillZero(port, { protocol: 'TCP' });
    fillZero(port, { targetPort: port.port });
  }
  if (isAccessible(spec)) fillZero(spec, { externalTrafficPolicy: 'Cluster' });
  if (spec.type !== 'ExternalName') fill(spec, { internalTrafficPolicy: 'Cluster' });
  if (spec.type === 'LoadBalancer') fill(spec, { allocateLoadBalancerNodePorts: true });
  for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) fill(ingress, { ipMode: 'VIP' });
}

function defaultAffinity(spec: ServiceSpec): void {
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  const config = fill(spec, { sessionAffinityConfig: {} }).sessionAffinityConfig ?? {};
  fill(fill(config, { clientIP: {} }).clientIP ?? {}, { timeoutSeconds: AFFINITY_SECONDS });
}
