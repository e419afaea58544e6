import { isIp } from '../meta/addresses.ts';
import { duplicate, type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkEnum, checkImmutable, checkPort, checkSubdomain } from '../meta/validation.ts';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice } from '../schema/generated/types.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;

const tooMany = (path: string, count: number, limit: number): FieldError[] =>
  count <= limit ? [] : [{ reason: 'FieldValueTooMany', path, message: `Too many: ${count}: must have at most ${limit} items` }];

function checkAddress(path: string, address: string, type: string): FieldError[] {
  if (type === 'FQDN') return checkSubdomain(path, address);
  const right = isIp(address) && address.includes(':') === (type === 'IPv6');
  return right ? [] : [invalid(path, address, `must be an ${type} address`)];
}

function checkEndpoint(at: string, { addresses = [], hostname }: Endpoint, type: string): FieldError[] {
  const errors = addresses.length > 0 ? [] : [required(`${at}.addresses`, 'must contain at least 1 address')];
  errors.push(...tooMany(`${at}.addresses`, addresses.length, MAX_ADDRESSES));
  errors.push(...addresses.flatMap((address, i) => checkAddress(`${at}.addresses[${i}]`, address, type)));
  return hostname ? [...errors, ...checkSubdomain(`${at}.hostname`, hostname)] : errors;
}

function checkPorts(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const name = port.name ?? '';
    const errors = names.has(name) ? [duplicate(`ports[${i}].name`, name)] : [];
    names.add(name);
    return [
      ...errors,
      ...checkPort(`ports[${i}].port`, port.port),
      ...checkEnum(`ports[${i}].protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ];
  });
}

export function checkEndpointSlice({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const list = endpoints ?? [];
  return [
    ...(addressType ? checkEnum('addressType', addressType, ADDRESS_TYPES) : [required('addressType')]),
    ...tooMany('endpoints', list.length, MAX_ENDPOINTS),
    ...tooMany('ports', ports?.length ?? 0, MAX_PORTS),
    ...list.flatMap((endpoint, i) => checkEndpoint(`endpoints[${i}]`, endpoint, addressType)),
    ...checkPorts(ports ?? []),
  ];
}

export const checkEndpointSliceUpdate = (value: EndpointSlice, old: EndpointSlice): FieldError[] =>
  checkImmutable('addressType', value.addressType, old.addressType);
