import { cidrWarnings, ipWarnings } from '../meta/address-warnings.ts';
import type { Service } from '../schema/generated/types.ts';

/** What clients should know about Services that are taken all the same (kubernetes, pkg/api/service/warnings.go). */
export function serviceWarnings({ metadata, spec }: Service): string[] {
  if (!spec) return [];
  const { type, externalName, externalIPs = [], loadBalancerIP = '', clusterIP, clusterIPs = [], trafficDistribution } = spec;
  const { loadBalancerSourceRanges = [] } = spec;
  const headless = type === 'ClusterIP' && clusterIP === 'None';
  const external = type === 'ExternalName';
  const has = externalIPs.length > 0;
  const said: readonly (readonly [boolean, string])[] = [
    [headless && loadBalancerIP !== '', 'spec.loadBalancerIP is ignored for headless services'],
    [headless && has, 'spec.externalIPs is ignored for headless services'],
    [headless && spec.sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services'],
  ];
  const saidLater: readonly (readonly [boolean, string])[] = [
    [external && has, 'spec.externalIPs is ignored when spec.type is "ExternalName"'],
    [!external && !!externalName, 'spec.externalName is ignored when spec.type is not "ExternalName"'],
    [trafficDistribution === 'PreferClose', 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
  ];
  const texts = (each: typeof said) => each.filter(([applies]) => applies).map(([, text]) => text);
  return [
    ...(metadata?.annotations?.[TOPOLOGY_HINTS] === undefined ? [] : [TOPOLOGY_HINTS_RULE]),
    ...(headless ? [] : clusterIPs.flatMap((ip, i) => ipWarnings(`spec.clusterIPs[${i}]`, ip))),
    ...texts(said),
    ...externalIPs.flatMap((ip, i) => ipWarnings(`spec.externalIPs[${i}]`, ip)),
    ...(has && !headless && !external ? ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'] : []),
    ...ipWarnings('spec.loadBalancerIP', loadBalancerIP),
    ...loadBalancerSourceRanges.flatMap((range, i) => cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, range)),
    ...texts(saidLater),
  ];
}

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_HINTS_RULE = `annotation ${TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`;
