import { checkIp, checkNonSpecialIp, ipFindings, isIpv6 } from '../meta/addresses.ts';
import { duplicate, type FieldError, invalid, required, tooMany } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';
import {
  checkEnum,
  checkImmutable,
  checkLabel,
  checkLabels,
  checkPort,
  checkQualifiedName,
  checkSubdomain,
  found,
} from '../meta/validation.ts';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice } from '../schema/generated/types.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;

const MAX_HINTS = 8;
const MAX_TOPOLOGY = 16;
const RESERVED_KEYS = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'];

const atMost = (path: string, count: number, limit: number): FieldError[] => (count > limit ? [tooMany(path, count, limit)] : []);

function checkAddress(path: string, address: string, type: string): FieldError[] {
  if (type === 'FQDN') return checkSubdomain(path, address);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  if (ipFindings(address).length > 0) return checkIp(path, address);
  const errors = isIpv6(address) === (type === 'IPv6') ? [] : [invalid(path, address, `must be an ${type} address`)];
  return [...errors, ...checkNonSpecialIp(path, address)];
}

function checkHints(path: string, { forZones = [], forNodes = [] }: NonNullable<Endpoint['hints']>): FieldError[] {
  const once = (list: string, names: readonly string[]) =>
    names.flatMap((name, i) => (names.indexOf(name) < i ? [duplicate(`${path}.${list}[${i}].name`, name)] : []));
  const check = (list: string, names: readonly string[]): FieldError[] => [
    ...atMost(`${path}.${list}`, names.length, MAX_HINTS),
    ...once(list, names),
    ...names.flatMap((name, i) => (list === 'forZones' ? checkQualifiedName : checkSubdomain)(`${path}.${list}[${i}].name`, name)),
  ];
  return [
    ...check(
      'forZones',
      forZones.map(({ name }) => name),
    ),
    ...check(
      'forNodes',
      forNodes.map(({ name }) => name),
    ),
  ];
}

function checkEndpoint(at: string, endpoint: Endpoint, type: string): FieldError[] {
  const { addresses = [], hostname, nodeName, deprecatedTopology = {}, hints } = endpoint;
  const keys = Object.keys(deprecatedTopology);
  return [
    ...(addresses.length > 0 ? [] : [required(`${at}.addresses`, 'must contain at least 1 address')]),
    ...atMost(`${at}.addresses`, addresses.length, MAX_ADDRESSES),
    ...addresses.flatMap((address, i) => checkAddress(`${at}.addresses[${i}]`, address, type)),
    ...(nodeName === undefined ? [] : found(`${at}.nodeName`, nodeName, dns1123SubdomainFindings(nodeName))),
    ...atMost(`${at}.deprecatedTopology`, keys.length, MAX_TOPOLOGY),
    ...checkLabels(`${at}.deprecatedTopology`, deprecatedTopology),
    ...keys.filter((key) => RESERVED_KEYS.includes(key)).map((key) => invalid(`${at}.deprecatedTopology`, key, 'reserved key')),
    ...(hostname === undefined ? [] : checkLabel(`${at}.hostname`, hostname)),
    ...(hints ? checkHints(`${at}.hints`, hints) : []),
  ];
}

function checkPorts(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name = '', port, protocol, appProtocol }, i) => {
    const at = `ports[${i}]`;
    const errors = name ? found(`${at}.name`, name, dns1123LabelFindings(name)) : [];
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    return [
      ...errors,
      ...(protocol ? checkEnum(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']) : [required(`${at}.protocol`)]),
      ...checkPort(`${at}.port`, port),
      ...(appProtocol === undefined ? [] : checkQualifiedName(`${at}.appProtocol`, appProtocol)),
    ];
  });
}

export function checkEndpointSlice({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const list = endpoints ?? [];
  return [
    ...(addressType ? checkEnum('addressType', addressType, ADDRESS_TYPES) : [required('addressType')]),
    ...atMost('endpoints', list.length, MAX_ENDPOINTS),
    ...list.flatMap((endpoint, i) => checkEndpoint(`endpoints[${i}]`, endpoint, addressType)),
    ...atMost('ports', ports?.length ?? 0, MAX_PORTS),
    ...checkPorts(ports ?? []),
  ];
}

export const checkEndpointSliceUpdate = (value: EndpointSlice, old: EndpointSlice): FieldError[] =>
  checkImmutable('addressType', value.addressType, old.addressType);
