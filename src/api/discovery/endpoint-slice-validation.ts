import { canonicalIpFindings, checkNonSpecialIp, ipFindings, isIpv6 } from '../meta/addresses.ts';
import { duplicate, type FieldError, invalid, required, tooMany } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings, labelValueFindings } from '../meta/names.ts';
import { checkEnum, checkImmutable, checkLabel, checkQualifiedName, found, same } from '../meta/validation.ts';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice } from '../schema/generated/types.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;

const MAX_HINTS = 8;

const atMost = (path: string, count: number, limit: number): FieldError[] => (count > limit ? [tooMany(path, count, limit)] : []);

function checkAddress(list: string, index: number, address: string, type: string): FieldError[] {
  const path = `${list}[${index}]`;
  if (type === 'FQDN') return checkDomain(path, address);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  // IPv4 came first, and takes what was always taken.
  const wrong = found(path, address, type === 'IPv4' ? ipFindings(address) : canonicalIpFindings(address));
  if (wrong.length > 0) return wrong;
  const errors = isIpv6(address) === (type === 'IPv6') ? [] : [invalid(list, address, `must be an ${type} address`)];
  return [...errors, ...checkNonSpecialIp(path, address)];
}

/** As apimachinery's IsFullyQualifiedDomainName; the dot of the root may end it. */
function checkDomain(path: string, address: string): FieldError[] {
  if (address === '') return [required(path)];
  const name = address.replace(/\.$/, '');
  const findings = dns1123SubdomainFindings(name);
  if (findings.length > 0) return [invalid(path, name, findings.join(','))];
  const labels = name.split('.');
  if (labels.length < 2) return [invalid(path, name, 'should be a domain with at least two segments separated by dots')];
  const odd = labels.find((label) => dns1123LabelFindings(label).length > 0);
  return odd === undefined ? [] : [invalid(path, odd, dns1123LabelFindings(odd).join(','))];
}

function checkHintNames(path: string, hints: readonly { name: string }[], findings: (name: string) => readonly string[]): FieldError[] {
  const names = hints.map(({ name = '' }) => name);
  return names.flatMap((name, i) => {
    const at = `${path}[${i}].name`;
    return [...(names.indexOf(name) < i ? [duplicate(at, name)] : []), ...found(at, name, findings(name))];
  });
}

function checkHints(path: string, { forZones = [], forNodes = [] }: NonNullable<Endpoint['hints']>): FieldError[] {
  if (forZones.length > MAX_HINTS) return [tooMany(`${path}.forZones`, forZones.length, MAX_HINTS)];
  const zones = checkHintNames(`${path}.forZones`, forZones, labelValueFindings);
  if (forNodes.length > MAX_HINTS) return [...zones, tooMany(`${path}.forNodes`, forNodes.length, MAX_HINTS)];
  return [...zones, ...checkHintNames(`${path}.forNodes`, forNodes, dns1123SubdomainFindings)];
}

function checkEndpoint(at: string, endpoint: Endpoint, type: string): FieldError[] {
  const { addresses = [], hostname, nodeName, hints } = endpoint;
  return [
    ...(addresses.length > 0 ? [] : [required(`${at}.addresses`, 'must contain at least 1 address')]),
    ...atMost(`${at}.addresses`, addresses.length, MAX_ADDRESSES),
    ...addresses.flatMap((address, i) => checkAddress(`${at}.addresses`, i, address, type)),
    ...(nodeName === undefined ? [] : found(`${at}.nodeName`, nodeName, dns1123SubdomainFindings(nodeName))),
    ...(hostname === undefined ? [] : checkLabel(`${at}.hostname`, hostname)),
    ...(hints ? checkHints(`${at}.hints`, hints) : []),
  ];
}

function checkPorts(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [tooMany('ports', ports.length, MAX_PORTS)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, appProtocol }, i) => {
    const at = `ports[${i}]`;
    const errors = name ? found(`${at}.name`, name, dns1123LabelFindings(name)) : [];
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    return [
      ...errors,
      ...(protocol === undefined ? [required(`${at}.protocol`)] : checkEnum(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP'])),
      ...(appProtocol === undefined ? [] : checkQualifiedName(`${at}.appProtocol`, appProtocol)),
    ];
  });
}

function checkEndpoints(list: readonly Endpoint[], type: string): FieldError[] {
  if (list.length > MAX_ENDPOINTS) return [tooMany('endpoints', list.length, MAX_ENDPOINTS)];
  return list.flatMap((endpoint, i) => checkEndpoint(`endpoints[${i}]`, endpoint, type));
}

/** `old`: endpoints that are as they were may be older than their rules. */
function checkSlice({ addressType, endpoints, ports }: EndpointSlice, old: EndpointSlice | undefined): FieldError[] {
  const wrong = checkEndpoints(endpoints ?? [], addressType);
  return [
    ...(addressType ? checkEnum('addressType', addressType, ADDRESS_TYPES) : [required('addressType')]),
    ...checkPorts(ports ?? []),
    ...(old && wrong.length > 0 && same(endpoints, old.endpoints) ? [] : wrong),
  ];
}

export const checkEndpointSlice = (slice: EndpointSlice): FieldError[] => checkSlice(slice, undefined);

export const checkEndpointSliceUpdate = (value: EndpointSlice, old: EndpointSlice): FieldError[] => [
  ...checkSlice(value, old),
  ...checkImmutable('addressType', value.addressType ?? '', old.addressType),
];
