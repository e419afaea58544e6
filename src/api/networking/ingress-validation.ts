import { checkIp, isAnyIp } from '../meta/addresses.ts';
import { checkDomainPrefixedPath } from '../meta/domain-path.ts';
import { type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings, pathSegmentFindings, wildcardSubdomainFindings } from '../meta/names.ts';
import { checkImmutable, checkPort, found, portNameFindings } from '../meta/validation.ts';
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressClassParametersReference,
  IngressRule,
  IngressTLS,
  TypedLocalObjectReference,
} from '../schema/generated/types.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_SUFFIXES = ['/..', '/.'];
const MAX_CONTROLLER = 250;

const hostFindings = (host: string): string[] => (host.includes('*') ? wildcardSubdomainFindings(host) : dns1123SubdomainFindings(host));

export function checkReference(path: string, { apiGroup, kind, name }: Partial<TypedLocalObjectReference>): FieldError[] {
  return [
    ...(typeof apiGroup === 'string' ? found(`${path}.apiGroup`, apiGroup, dns1123SubdomainFindings(apiGroup)) : []),
    ...(kind ? found(`${path}.kind`, kind, pathSegmentFindings(kind)) : [required(`${path}.kind`)]),
    ...(name ? found(`${path}.name`, name, pathSegmentFindings(name)) : [required(`${path}.name`)]),
  ];
}

function checkService(path: string, { name, port }: NonNullable<IngressBackend['service']>): FieldError[] {
  const at = `${path}.service`;
  const errors = name ? found(`${at}.name`, name, dns1123LabelFindings(name)) : [required(`${at}.name`)];
  const { name: portName, number } = port ?? {};
  if (portName && number) return [...errors, invalid(path, '', 'cannot set both port name & port number')];
  if (portName) return [...errors, ...found(`${at}.port.name`, portName, portNameFindings(portName))];
  return [...errors, ...(number ? checkPort(`${at}.port.number`, number) : [required(path, 'port name or number is required')])];
}

function checkBackend(path: string, { resource, service }: IngressBackend): FieldError[] {
  if (resource && service) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) return checkReference(`${path}.resource`, resource);
  return service ? checkService(path, service) : [invalid(path, '', 'resource or service backend is required')];
}

function checkPath(at: string, { pathType, path = '', backend = {} }: HTTPIngressPath): FieldError[] {
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')];
  const errors: FieldError[] = [];
  const strict = pathType === 'Exact' || pathType === 'Prefix';
  if (!PATH_TYPES.includes(pathType)) errors.push(notSupported(`${at}.pathType`, pathType, PATH_TYPES));
  else if ((strict || path) && !path.startsWith('/')) errors.push(invalid(`${at}.path`, path, 'must be an absolute path'));
  if (strict) {
    for (const bad of BAD_SEQUENCES) if (path.includes(bad)) errors.push(invalid(`${at}.path`, path, `must not contain '${bad}'`));
    for (const bad of BAD_SUFFIXES) if (path.endsWith(bad)) errors.push(invalid(`${at}.path`, path, `cannot end with '${bad}'`));
  }
  return [...errors, ...checkBackend(`${at}.backend`, backend)];
}

function checkRule(at: string, { host, http }: IngressRule): FieldError[] {
  const isAddress = host && isAnyIp(host);
  const paths = http?.paths ?? [];
  return [
    ...(isAddress ? [invalid(`${at}.host`, host, 'must be a DNS name, not an IP address')] : []),
    ...(host ? found(`${at}.host`, host, hostFindings(host)) : []),
    ...(http && paths.length === 0 ? [required(`${at}.http.paths`)] : []),
    ...paths.flatMap((path, i) => checkPath(`${at}.http.paths[${i}]`, path)),
  ];
}

const checkTls = (at: string, { hosts = [], secretName }: IngressTLS): FieldError[] => [
  ...hosts.flatMap((host, i) => found(`${at}.hosts[${i}]`, host, hostFindings(host))),
  ...(secretName ? found(`${at}.secretName`, secretName, dns1123SubdomainFindings(secretName)) : []),
];

export function checkIngress({ spec = {} }: Ingress): FieldError[] {
  const { defaultBackend, rules = [], tls = [], ingressClassName } = spec;
  const empty = rules.length === 0 && !defaultBackend;
  return [
    ...(empty ? [invalid('spec', null, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...(defaultBackend ? checkBackend('spec.defaultBackend', defaultBackend) : []),
    ...rules.flatMap((rule, i) => checkRule(`spec.rules[${i}]`, rule)),
    ...tls.flatMap((entry, i) => checkTls(`spec.tls[${i}]`, entry)),
    ...(ingressClassName === undefined ? [] : found('spec.ingressClassName', ingressClassName, dns1123SubdomainFindings(ingressClassName))),
  ];
}

/** The class was an annotation once; a new Ingress does not say two things. */
export function checkNewIngress({ metadata, spec }: Ingress): FieldError[] {
  const text = metadata?.annotations?.[CLASS_ANNOTATION];
  if (text === undefined || spec?.ingressClassName === undefined || text === spec.ingressClassName) return [];
  return [invalid(`annotations.${CLASS_ANNOTATION}`, text, 'must match `ingressClassName` when both are specified')];
}

export function checkIngressStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const at = `status.loadBalancer.ingress[${i}]`;
    const isAddress = hostname && isAnyIp(hostname);
    return [
      ...(ip ? checkIp(`${at}.ip`, ip) : []),
      ...(hostname ? found(`${at}.hostname`, hostname, dns1123SubdomainFindings(hostname)) : []),
      ...(isAddress ? [invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address')] : []),
    ];
  });
}

function checkParameters(path: string, parameters: IngressClassParametersReference): FieldError[] {
  const { scope, namespace } = parameters;
  const errors = checkReference(path, parameters);
  const at = `${path}.namespace`;
  if (scope === undefined) return [...errors, required(`${path}.scope`)];
  if (scope === 'Cluster') return namespace === undefined ? errors : [...errors, forbidden(at, "`parameters.scope` is set to 'Cluster'")];
  if (scope !== 'Namespace') return [...errors, notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace'])];
  if (namespace === undefined) return [...errors, required(at, "`parameters.scope` is set to 'Namespace'")];
  return [...errors, ...found(at, namespace, dns1123LabelFindings(namespace))];
}

export function checkIngressClass({ spec = {} }: IngressClass): FieldError[] {
  const { controller, parameters } = spec;
  const path = 'spec.controller';
  return [
    ...((controller ?? '').length > MAX_CONTROLLER ? [tooLong(path, MAX_CONTROLLER)] : []),
    ...(controller ? checkDomainPrefixedPath(path, controller) : [required(path)]),
    ...(parameters ? checkParameters('spec.parameters', parameters) : []),
  ];
}

export const checkIngressClassUpdate = (value: IngressClass, old: IngressClass): FieldError[] => [
  ...checkImmutable('spec.controller', value.spec?.controller ?? '', old.spec?.controller ?? ''),
  ...checkIngressClass(value),
];
