import { parseCidr } from '../../base/ip.ts';
import { checkCanonicalCidr, checkCidr } from '../meta/addresses.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { pathSegmentFindings } from '../meta/names.ts';
import { checkImmutable, checkLabelSelector, checkPort, checkSubdomain, found, portNameFindings, same } from '../meta/validation.ts';
import type { IPAddress, IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, ServiceCIDR } from '../schema/generated/types.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const TYPES = ['Ingress', 'Egress'];

function checkPolicyPort(at: string, { protocol, port, endPort }: NetworkPolicyPort): FieldError[] {
  const errors = protocol === undefined || PROTOCOLS.includes(protocol) ? [] : [notSupported(`${at}.protocol`, protocol, PROTOCOLS)];
  if (port === undefined) {
    return endPort === undefined
      ? errors
      : [...errors, invalid(`${at}.endPort`, endPort, 'may not be specified when `port` is not specified')];
  }
  if (typeof port === 'string') {
    if (endPort !== undefined) errors.push(invalid(`${at}.endPort`, endPort, 'may not be specified when `port` is non-numeric'));
    return [...errors, ...found(`${at}.port`, port, portNameFindings(port))];
  }
  errors.push(...checkPort(`${at}.port`, port));
  if (endPort === undefined) return errors;
  if (endPort < port) errors.push(invalid(`${at}.endPort`, port, 'must be greater than or equal to `port`'));
  return [...errors, ...checkPort(`${at}.endPort`, endPort)];
}

const isStrictSubset = (inner: string, outer: string): boolean => {
  const [a, b] = [parseCidr(inner), parseCidr(outer)];
  if (!a || !b || a.width !== b.width || b.prefixBits >= a.prefixBits) return false;
  const hostBits = BigInt(b.width - b.prefixBits);
  return a.first >> hostBits === b.first >> hostBits;
};

function checkIpBlock(path: string, { cidr, except = [] }: IPBlock): FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)];
  const errors = checkCidr(`${path}.cidr`, cidr);
  if (!parseCidr(cidr)) return errors;
  for (const [i, range] of except.entries()) {
    const at = `${path}.except[${i}]`;
    errors.push(...checkCidr(at, range));
    if (parseCidr(range) && !isStrictSubset(range, cidr)) errors.push(invalid(at, range, 'must be a strict subset of `cidr`'));
  }
  return errors;
}

function checkPeer(at: string, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): FieldError[] {
  const others = podSelector !== undefined || namespaceSelector !== undefined;
  return [
    ...checkLabelSelector(`${at}.podSelector`, podSelector),
    ...checkLabelSelector(`${at}.namespaceSelector`, namespaceSelector),
    ...(ipBlock ? checkIpBlock(`${at}.ipBlock`, ipBlock) : []),
    ...(others || ipBlock ? [] : [required(at, 'must specify a peer')]),
    ...(others && ipBlock ? [forbidden(at, 'may not specify both ipBlock and another peer')] : []),
  ];
}

export function checkNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const { podSelector, ingress = [], egress = [], policyTypes = [] } = spec ?? {};
  const rule = (at: string, ports: readonly NetworkPolicyPort[] = [], peers: readonly NetworkPolicyPeer[] = [], side: string) => [
    ...ports.flatMap((port, i) => checkPolicyPort(`${at}.ports[${i}]`, port)),
    ...peers.flatMap((peer, i) => checkPeer(`${at}.${side}[${i}]`, peer)),
  ];
  const many = policyTypes.length > TYPES.length;
  return [
    ...checkLabelSelector('spec.podSelector', podSelector),
    ...ingress.flatMap(({ ports, from }, i) => rule(`spec.ingress[${i}]`, ports, from, 'from')),
    ...egress.flatMap(({ ports, to }, i) => rule(`spec.egress[${i}]`, ports, to, 'to')),
    ...(many ? [invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes')] : []),
    ...(many ? [] : policyTypes.flatMap((type, i) => (TYPES.includes(type) ? [] : [notSupported(`spec.policyTypes[${i}]`, type, TYPES)]))),
  ];
}

const MAX_RANGES = 2;

const IMMUTABLE = 'field is immutable';

/** Of a new one; upstream does not judge again what is stored. */
export function checkServiceCidr({ spec }: ServiceCIDR): FieldError[] {
  const ranges = spec?.cidrs ?? [];
  const path = 'spec.cidrs';
  if (ranges.length === 0) return [required(path, 'at least one CIDR required')];
  if (ranges.length > MAX_RANGES) return [invalid(path, { CIDRs: ranges }, `may only hold up to ${MAX_RANGES} values`)];
  const errors = ranges.flatMap((range, i) => checkCanonicalCidr(`${path}[${i}]`, range));
  const [first, second] = ranges.map((range) => parseCidr(range)?.width);
  if (first === undefined || first !== second) return errors;
  const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
  return [...errors, invalid(path, ranges, detail)];
}

/** A range may get its other family; those that are there stay. */
export function checkServiceCidrUpdate(range: ServiceCIDR, { spec: old }: ServiceCIDR): FieldError[] {
  const [ranges, before] = [range.spec?.cidrs ?? [], old?.cidrs ?? []];
  const grown = before.length === 1 && ranges.length === 2;
  if (!grown && ranges.length !== before.length) return [invalid('spec.cidrs', range.spec?.cidrs ?? null, IMMUTABLE)];
  const changed = before.flatMap((cidr, i) => checkImmutable(`spec.cidrs[${i}]`, ranges[i], cidr));
  return grown ? [...changed, ...checkServiceCidr(range)] : changed;
}

export function checkIpAddress({ spec }: IPAddress): FieldError[] {
  const path = 'spec.parentRef';
  if (!spec?.parentRef) return [required(path)];
  const { group, resource, name, namespace } = spec.parentRef;
  const segment = (field: string, value: string) => found(`${path}.${field}`, value, pathSegmentFindings(value));
  return [
    ...(group ? checkSubdomain(`${path}.group`, group) : []),
    ...(resource ? segment('resource', resource) : [required(`${path}.resource`)]),
    ...(name ? segment('name', name) : [required(`${path}.name`)]),
    ...(namespace ? segment('namespace', namespace) : []),
  ];
}

/** Upstream shows the value as its internal type has it. */
export function checkIpAddressUpdate({ spec }: IPAddress, { spec: old }: IPAddress): FieldError[] {
  if (same(spec?.parentRef, old?.parentRef)) return [];
  const { group = '', resource = '', namespace = '', name = '' } = spec?.parentRef ?? {};
  const shown = spec?.parentRef ? { Group: group, Resource: resource, Namespace: namespace, Name: name } : null;
  return [invalid('spec.parentRef', shown, IMMUTABLE)];
}
