import { checkCidr, checkIp, checkNonSpecialIp, ipFindings, isAnyIp } from '../meta/addresses.ts';
import { duplicate, type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkEnum, checkLabel, checkLabels, checkPort, checkPortNumberOrName, checkQualifiedName, found } from '../meta/validation.ts';
import type { Service, ServicePort, ServiceSpec } from '../schema/generated/types.ts';
import { isAccessible, TRAFFIC_POLICIES } from './service-defaults.ts';
import { needsHealthCheck } from './service-update.ts';
import { checkAddressesKept, checkClusterIps, clusterIpsOf, isHeadless } from './validation-service-addresses.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_AFFINITY_SECONDS = 86_400;
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const LOAD_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'";

function checkByType(spec: ServiceSpec): FieldError[] {
  const { type, ipFamilies = [], ipFamilyPolicy, externalName = '' } = spec;
  if (type === 'LoadBalancer' || type === 'NodePort') {
    return isHeadless(spec) ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)] : [];
  }
  if (type !== 'ExternalName') return [];
  const detail = 'may not be set for ExternalName services';
  const name = externalName.replace(/\.$/, '');
  return [
    ...(clusterIpsOf(spec).length > 0 ? [forbidden('spec.clusterIPs', detail)] : []),
    ...(ipFamilies.length > 0 ? [forbidden('spec.ipFamilies', detail)] : []),
    ...(ipFamilyPolicy === undefined ? [] : [forbidden('spec.ipFamilyPolicy', detail)]),
    ...(name ? found('spec.externalName', name, dns1123SubdomainFindings(name)) : [required('spec.externalName')]),
  ];
}

function checkServicePort(at: string, port: ServicePort, needsName: boolean, names: Set<string>): FieldError[] {
  const { name = '', protocol, targetPort, appProtocol } = port;
  const errors: FieldError[] = [];
  if (name) {
    errors.push(...checkLabel(`${at}.name`, name));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  } else if (needsName) errors.push(required(`${at}.name`));
  return [
    ...errors,
    ...checkPort(`${at}.port`, port.port ?? 0),
    ...checkEnum(`${at}.protocol`, protocol, PROTOCOLS),
    ...checkPortNumberOrName(`${at}.targetPort`, targetPort ?? 0),
    ...(appProtocol === undefined ? [] : checkQualifiedName(`${at}.appProtocol`, appProtocol)),
  ];
}

function checkPorts(spec: ServiceSpec): FieldError[] {
  const { ports = [] } = spec;
  const names = new Set<string>();
  return ports.flatMap((port, i) => checkServicePort(`spec.ports[${i}]`, port, ports.length > 1, names));
}

/** As upstream shows a port of its internal type. */
const shownPort = (protocol: string, port: number) => ({
  Name: '',
  Protocol: protocol,
  AppProtocol: null,
  Port: port,
  TargetPort: 0,
  NodePort: 0,
});

function checkPortsOnce({ type, ports = [] }: ServiceSpec): FieldError[] {
  const seen = new Set<string>();
  const once = (key: string, error: FieldError): FieldError[] => {
    const twice = seen.has(key);
    seen.add(key);
    return twice ? [error] : [];
  };
  const at = (i: number) => `spec.ports[${i}]`;
  return [
    ...ports.flatMap(({ nodePort }, i) =>
      type === 'ClusterIP' && nodePort ? [forbidden(`${at(i)}.nodePort`, "may not be used when `type` is 'ClusterIP'")] : [],
    ),
    ...ports.flatMap(({ protocol, nodePort }, i) =>
      nodePort ? once(`node/${protocol}/${nodePort}`, duplicate(`${at(i)}.nodePort`, nodePort)) : [],
    ),
    ...ports.flatMap(({ protocol = '', port }, i) => once(`${protocol}/${port}`, duplicate(at(i), shownPort(protocol, port)))),
  ];
}

function checkAffinity({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): FieldError[] {
  const errors = checkEnum('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']);
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None' && config) return [...errors, forbidden(path, 'must not be set when session affinity is None')];
  if (sessionAffinity !== 'ClientIP') return errors;
  const seconds = config?.clientIP?.timeoutSeconds;
  const at = `${path}.clientIP.timeoutSeconds`;
  if (seconds === undefined) return [...errors, required(at, 'when session affinity type is ClientIP')];
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return errors;
  return [...errors, invalid(at, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`)];
}

function checkSourceRanges({ metadata, spec }: Service): FieldError[] {
  const { type, loadBalancerSourceRanges: ranges = [] } = spec ?? {};
  const misplaced = (path: string) => (type === 'LoadBalancer' ? [] : [forbidden(path, LOAD_BALANCER_ONLY)]);
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    return [...misplaced(path), ...ranges.flatMap((range, i) => checkCidr(`${path}[${i}]`, range.trim()))];
  }
  const text = metadata?.annotations?.[SOURCE_RANGES];
  if (text === undefined) return [];
  const path = `metadata.annotations[${SOURCE_RANGES}]`;
  const listed = text.trim() === '' ? [] : text.split(',');
  return [...misplaced(path), ...listed.flatMap((range) => checkCidr(path, range.trim()))];
}

function checkLoadBalancer(service: Service, spec: ServiceSpec): FieldError[] {
  const { type, allocateLoadBalancerNodePorts: allocates, loadBalancerClass } = spec;
  const balanced = type === 'LoadBalancer';
  const errors = checkSourceRanges(service);
  if (allocates !== undefined && !balanced) errors.push(forbidden('spec.allocateLoadBalancerNodePorts', LOAD_BALANCER_ONLY));
  if (allocates === undefined && balanced) errors.push(required('allocateLoadBalancerNodePorts'));
  return [...errors, ...checkClass(type, loadBalancerClass)];
}

function checkClass(type: string | undefined, loadBalancerClass: string | undefined): FieldError[] {
  const path = 'spec.loadBalancerClass';
  if (loadBalancerClass === undefined) return [];
  return type === 'LoadBalancer' ? checkQualifiedName(path, loadBalancerClass) : [forbidden(path, LOAD_BALANCER_ONLY)];
}

const HEALTH_RULE = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";

function checkTraffic(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort: health = 0 } = spec;
  const path = 'spec.externalTrafficPolicy';
  const errors: FieldError[] = [];
  if (isAccessible(spec)) errors.push(...(external ? checkEnum(path, external, TRAFFIC_POLICIES) : [required(path)]));
  else if (external) errors.push(invalid(path, external, 'may only be set for externally-accessible services'));
  if (needsHealthCheck(spec))
    errors.push(...(health ? checkPort('spec.healthCheckNodePort', health) : [required('spec.healthCheckNodePort')]));
  else if (health) errors.push(invalid('spec.healthCheckNodePort', health, HEALTH_RULE));
  if (internal === undefined && spec.type !== 'ExternalName' && TYPES.includes(spec.type ?? '')) {
    errors.push(required('spec.internalTrafficPolicy'));
  }
  return [
    ...errors,
    ...checkEnum('spec.internalTrafficPolicy', internal, TRAFFIC_POLICIES),
    ...checkEnum('spec.trafficDistribution', spec.trafficDistribution, ['PreferClose', 'PreferSameZone', 'PreferSameNode']),
  ];
}

function checkTopology(annotations: Readonly<Record<string, string>> = {}): FieldError[] {
  const { [TOPOLOGY_HINTS]: hints, [TOPOLOGY_MODE]: mode } = annotations;
  if (hints === undefined || mode === undefined || hints === mode) return [];
  const detail = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
  return [invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, detail)];
}

export function checkService(service: Service): FieldError[] {
  const { metadata, spec = {} } = service;
  const needsPorts = !spec.ports?.length && !isHeadless(spec) && spec.type !== 'ExternalName';
  return [
    ...checkTopology(metadata?.annotations),
    ...(needsPorts ? [required('spec.ports')] : []),
    ...checkByType(spec),
    ...checkPorts(spec),
    ...checkLabels('spec.selector', spec.selector),
    ...checkAffinity(spec),
    ...checkClusterIps(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => {
      const path = `spec.externalIPs[${i}]`;
      return ipFindings(ip).length > 0 ? checkIp(path, ip) : checkNonSpecialIp(path, ip);
    }),
    ...checkEnum('spec.type', spec.type, TYPES),
    ...checkPortsOnce(spec),
    ...checkLoadBalancer(service, spec),
    ...checkTraffic(spec),
  ];
}

/** What may not change is told of first. */
export function checkServiceUpdate(service: Service, old: Service): FieldError[] {
  const { spec = {} } = service;
  const { spec: before = {} } = old;
  const balanced = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  const errors = checkAddressesKept(spec, before);
  if (balanced && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  }
  errors.push(...checkClass(spec.type, spec.loadBalancerClass));
  if (needsHealthCheck(spec) && needsHealthCheck(before) && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(forbidden('spec.healthCheckNodePort', 'field is immutable'));
  }
  return [...errors, ...checkService(service)];
}

/** Addresses that a load balancer reports. */
export function checkServiceStatus({ spec, status }: Service): FieldError[] {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  if (ingress.length > 0 && spec?.type !== 'LoadBalancer') {
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  return ingress.flatMap(({ ip = '', ipMode, hostname = '' }, i) => {
    const at = `${path}[${i}]`;
    const errors = ip ? checkIp(`${at}.ip`, ip) : [];
    if (ipMode === undefined && ip) errors.push(required(`${at}.ipMode`, 'must be specified when `ip` is set'));
    else if (ipMode !== undefined && !ip) errors.push(forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    else errors.push(...checkEnum(`${at}.ipMode`, ipMode, ['Proxy', 'VIP']));
    if (!hostname) return errors;
    errors.push(...found(`${at}.hostname`, hostname, dns1123SubdomainFindings(hostname)));
    if (isAnyIp(hostname)) errors.push(invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}
