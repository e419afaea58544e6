import { duplicate, type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { checkEnum, checkIp, checkLabel, checkLabels, checkPort, checkPortNumberOrName, checkSubdomain } from '../meta/validation.ts';
import type { Service, ServicePort, ServiceSpec } from '../schema/generated/types.ts';
import { hasNodePorts } from './service-defaults.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86_400;

function checkServicePort(at: string, port: ServicePort, spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...checkLabel(`${at}.name`, port.name));
  else if ((spec.ports?.length ?? 0) > 1) errors.push(required(`${at}.name`));
  errors.push(...checkPort(`${at}.port`, port.port), ...checkEnum(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
  errors.push(...checkPortNumberOrName(`${at}.targetPort`, port.targetPort));
  if (port.nodePort && !hasNodePorts(spec)) errors.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
  else if (port.nodePort) errors.push(...checkPort(`${at}.nodePort`, port.nodePort));
  return errors;
}

function checkPorts(spec: ServiceSpec): FieldError[] {
  const { ports = [] } = spec;
  if (ports.length === 0) return spec.type === 'ExternalName' || spec.clusterIP === 'None' ? [] : [required('spec.ports')];
  const errors: FieldError[] = [];
  const seen = { names: new Set<string>(), ports: new Set<string>(), nodePorts: new Set<string>() };
  const once = (set: Set<string>, key: string, error: FieldError) => {
    if (set.has(key)) errors.push(error);
    set.add(key);
  };
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    errors.push(...checkServicePort(at, port, spec));
    if (port.name) once(seen.names, port.name, duplicate(`${at}.name`, port.name));
    once(seen.ports, `${port.protocol}/${port.port}`, duplicate(at, { protocol: port.protocol, port: port.port }));
    if (port.nodePort) once(seen.nodePorts, `${port.protocol}/${port.nodePort}`, duplicate(`${at}.nodePort`, port.nodePort));
  }
  return errors;
}

function checkClusterIps({ type, clusterIP, clusterIPs = [] }: ServiceSpec): FieldError[] {
  if (type === 'ExternalName') {
    return clusterIP ? [forbidden('spec.clusterIPs', 'may not be set for ExternalName services')] : [];
  }
  const errors: FieldError[] = [];
  if (clusterIP && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    errors.push(invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'));
  }
  if (clusterIP === 'None' && hasNodePorts({ type })) {
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
  }
  for (const [index, ip] of clusterIPs.entries()) if (ip !== 'None') errors.push(...checkIp(`spec.clusterIPs[${index}]`, ip));
  return errors;
}

function checkAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const errors = checkEnum('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']);
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS)) {
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    errors.push(invalid(path, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`));
  }
  return errors;
}

function checkTraffic(spec: ServiceSpec): FieldError[] {
  const policy = spec.externalTrafficPolicy;
  const errors = checkEnum('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']);
  const accessible = hasNodePorts(spec) || (spec.externalIPs?.length ?? 0) > 0;
  if (policy && !accessible) {
    errors.push(invalid('spec.externalTrafficPolicy', policy, 'may only be set for externally-accessible services'));
  } else if (policy) errors.push(...checkEnum('spec.externalTrafficPolicy', policy, ['Cluster', 'Local']));
  if (spec.healthCheckNodePort && !(spec.type === 'LoadBalancer' && policy === 'Local')) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, detail));
  }
  return errors;
}

export function checkService({ spec }: Service): FieldError[] {
  if (!spec) return [required('spec.ports')];
  const errors = [
    ...checkEnum('spec.type', spec.type, TYPES),
    ...checkPorts(spec),
    ...checkClusterIps(spec),
    ...checkLabels('spec.selector', spec.selector),
    ...checkAffinity(spec),
    ...checkTraffic(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => checkIp(`spec.externalIPs[${i}]`, ip)),
  ];
  if (spec.type !== 'ExternalName') return errors;
  if (!spec.externalName) return [...errors, required('spec.externalName')];
  return [...errors, ...checkSubdomain('spec.externalName', spec.externalName.replace(/\.$/, ''))];
}

/** Addresses stay for the life of the Service, unless it becomes or ceases to be an ExternalName. */
export function checkServiceUpdate({ spec }: Service, old: Service): FieldError[] {
  const before = old.spec;
  if (!spec || !before || spec.type === 'ExternalName' || before.type === 'ExternalName') return [];
  const [now, then] = [spec.clusterIPs?.[0] ?? spec.clusterIP, before.clusterIPs?.[0] ?? before.clusterIP];
  if (!then || now === then) return [];
  return [invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [now], 'may not change once set')];
}
