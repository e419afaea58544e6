import { type FieldError, invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { Service, ServiceSpec } from '../../api/schema/generated/types.ts';
import type { Random } from '../../base/random.ts';
import { type AddressPool, addressPool, type Family, familyOf, Pool, reservedOf } from './address-pool.ts';
import type { Allocator, Claim } from './deps.ts';

export interface ServiceAllocatorOptions {
  /** One CIDR, or one of each family; the first one's family is the cluster's own. */
  readonly serviceCidrs: readonly string[];
  readonly nodePortRange: { readonly first: number; readonly last: number };
  /** Services there are already: their addresses and ports are taken. */
  readonly existing: Iterable<KubeObject>;
  readonly random: Random;
}

/**
 * Gives Services their cluster addresses and node ports. Claims are made at once, before anything is awaited, so that writes that run side
 * by side never get the same one. Source: Kubernetes, "Service" and "Service ClusterIP allocation".
 */
export function serviceAllocator(options: ServiceAllocatorOptions): Allocator {
  const pools = options.serviceCidrs.map((cidr) => addressPool(cidr, options.random));
  const { first, last } = options.nodePortRange;
  const size = BigInt(last - first + 1);
  const ports = new Pool({ first: BigInt(first), size, reserved: reservedOf(size, 32n, 16n, 128n), random: options.random });
  const stores: Stores = { pools, ports, range: `${first}-${last}` };
  for (const service of options.existing) {
    for (const address of addressesOf(service)) takeAnywhere(pools, address);
    for (const port of portsOf(service)) ports.take(BigInt(port));
  }
  return {
    claim: (draft, old) => claim(stores, draft as Service, old as Service | undefined),
    removed(lastState) {
      freeAddresses(pools, addressesOf(lastState));
      for (const port of portsOf(lastState)) ports.free(BigInt(port));
    },
  };
}

const without = <T>(set: ReadonlySet<T>, other: ReadonlySet<T>): Set<T> => new Set([...set].filter((item) => !other.has(item)));

interface Stores {
  readonly pools: readonly AddressPool[];
  readonly ports: Pool;
  readonly range: string;
}

const isAddress = (text: string | undefined): text is string => text !== undefined && text !== '' && text !== 'None';
const takeAnywhere = (pools: readonly AddressPool[], address: string) => pools.some((pool) => pool.take(address) === 'ok');
const freeAddresses = (pools: readonly AddressPool[], addresses: Iterable<string>) => {
  for (const address of addresses) pools.find(({ family }) => family === familyOf(address))?.free(address);
};

function addressesOf(object: KubeObject | undefined): Set<string> {
  const { clusterIP, clusterIPs = [] } = (object as Service | undefined)?.spec ?? {};
  return new Set([clusterIP, ...clusterIPs].filter(isAddress));
}

function portsOf(object: KubeObject | undefined): Set<number> {
  const { ports = [], healthCheckNodePort } = (object as Service | undefined)?.spec ?? {};
  return new Set(
    [...ports.map(({ nodePort }) => nodePort), healthCheckNodePort].filter((port): port is number => port !== undefined && port !== 0),
  );
}

/** What one write took, so that it can give it back; and what the object no longer uses, to be freed once the write stands. */
function claim(stores: Stores, service: Service, old: Service | undefined): Claim {
  const before = { addresses: addressesOf(old), ports: portsOf(old) };
  const taken = { addresses: new Set<string>(), ports: new Set<number>() };
  const free = (which: { addresses: Set<string>; ports: Set<number> }) => {
    freeAddresses(stores.pools, which.addresses);
    for (const port of which.ports) stores.ports.free(BigInt(port));
  };
  let open = true;
  const once = (run: () => void) => () => {
    if (open) run();
    open = false;
  };
  try {
    const errors = service.spec ? fill(stores, service.spec, before, taken) : [];
    if (errors.length > 0) throw invalidObject('Service', '', service.metadata?.name ?? '', errors);
  } catch (error) {
    free(taken);
    throw error;
  }
  const now = { addresses: addressesOf(service), ports: portsOf(service) };
  return {
    commit: once(() => free({ addresses: without(before.addresses, now.addresses), ports: without(before.ports, now.ports) })),
    release: once(() => free(taken)),
  };
}

interface Holdings {
  readonly addresses: Set<string>;
  readonly ports: Set<number>;
}

function fill(stores: Stores, spec: ServiceSpec, before: Holdings, taken: Holdings): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const errors = fillAddresses(stores.pools, spec, before, taken);
  const wantsPorts = spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
  return [...errors, ...fillPorts(stores, spec, before, taken, wantsPorts)];
}

function fillAddresses(pools: readonly AddressPool[], spec: ServiceSpec, before: Holdings, taken: Holdings): FieldError[] {
  const wanted = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : [];
  const families = familiesOf(pools, spec, wanted);
  if (!Array.isArray(families)) return [families];
  spec.ipFamilies = families;
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (wanted[0] === 'None') {
    spec.clusterIP = 'None';
    spec.clusterIPs = ['None'];
    return [];
  }
  const addresses: string[] = [];
  for (const [i, family] of families.entries()) {
    const pool = pools.find((candidate) => candidate.family === family);
    const address = pool && takeAddress(pool, wanted[i], wanted, before, taken);
    if (typeof address !== 'string') return [address ?? invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster')];
    addresses.push(address);
  }
  [spec.clusterIP] = addresses;
  spec.clusterIPs = addresses;
  return [];
}

/** Families in order: what was asked for, what the wanted addresses are of, or the cluster's own. */
function familiesOf(pools: readonly AddressPool[], spec: ServiceSpec, wanted: readonly string[]): Family[] | FieldError {
  const asked = (spec.ipFamilies ?? []) as Family[];
  const fromAddresses = wanted.filter(isAddress).map(familyOf);
  const [own = 'IPv4'] = pools.map(({ family }) => family);
  const families = asked.length > 0 ? [...asked] : fromAddresses.length > 0 ? fromAddresses : [own];
  const dual = spec.ipFamilyPolicy === 'PreferDualStack' || spec.ipFamilyPolicy === 'RequireDualStack';
  const other = pools.find(({ family }) => !families.includes(family))?.family;
  if (dual && families.length === 1 && other) families.push(other);
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2) {
    return invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  }
  return families;
}

function takeAddress(
  pool: AddressPool,
  wanted: string | undefined,
  all: readonly string[],
  before: Holdings,
  taken: Holdings,
): string | FieldError {
  if (!wanted) {
    const address = pool.any();
    if (address === undefined) throw new ApiError('InternalError', `failed to allocate a serviceIP: range ${pool.cidr} is full`);
    taken.addresses.add(address);
    return address;
  }
  if (before.addresses.has(wanted)) return wanted;
  const result = pool.take(wanted);
  if (result === 'ok') {
    taken.addresses.add(wanted);
    return wanted;
  }
  const why =
    result === 'taken'
      ? 'provided IP is already allocated'
      : `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${pool.cidr}`;
  return invalid('spec.clusterIPs', all, `failed to allocate IP ${wanted}: ${why}`);
}

function fillPorts({ ports, range }: Stores, spec: ServiceSpec, before: Holdings, taken: Holdings, wanted: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const hold = (port: number, path: string) => {
    if (before.ports.has(port) || taken.ports.has(port)) return;
    if (!ports.has(BigInt(port))) {
      errors.push(invalid(path, port, `provided port is not in the valid range. The range of valid ports is ${range}`));
    } else if (ports.take(BigInt(port))) taken.ports.add(port);
    else errors.push(invalid(path, port, 'provided port is already allocated'));
  };
  for (const [i, { nodePort }] of (spec.ports ?? []).entries()) if (nodePort) hold(nodePort, `spec.ports[${i}].nodePort`);
  const any = () => {
    const port = ports.any();
    if (port === undefined) throw new ApiError('InternalError', 'failed to allocate a nodePort: range is full');
    taken.ports.add(Number(port));
    return Number(port);
  };
  if (wanted && errors.length === 0) for (const port of spec.ports ?? []) port.nodePort ||= any();
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
    if (spec.healthCheckNodePort) hold(spec.healthCheckNodePort, 'spec.healthCheckNodePort');
    else if (errors.length === 0) spec.healthCheckNodePort = any();
  }
  return errors;
}
