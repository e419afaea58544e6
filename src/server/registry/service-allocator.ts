import { type FieldError, invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { type Family, familyOf } from '../../api/networking/ip-address.ts';
import type { Service, ServiceSpec } from '../../api/schema/generated/types.ts';
import type { Random } from '../../base/random.ts';
import { type AddressPool, addressPool, numberOf, Pool, reservedOf } from './address-pool.ts';
import type { Allocator, Claim } from './deps.ts';
import { settleFamilies } from './service-families.ts';
import { fillPorts, type PortPool } from './service-ports.ts';

export interface ServiceAllocatorOptions {
  /** Ranges that addresses may come from now (ServiceCIDRs), in the order in which they are asked. */
  readonly ranges: () => readonly string[];
  /** The first is the cluster's own family. */
  readonly families: readonly Family[];
  readonly nodePortRange: { readonly first: number; readonly last: number };
  /** Services there are already: their addresses and ports are taken. */
  readonly existing: Iterable<KubeObject>;
  readonly records: AddressRecords;
  readonly random: Random;
}

/** Who has which address, written down for all servers (IPAddress objects). */
export interface AddressRecords {
  has(address: string): boolean;
  /** False: somebody else has it. */
  create(address: string, service: Service): Promise<boolean>;
  /** Never throws: what stays behind is removed by the repair of addresses. */
  remove(address: string): Promise<void>;
}

/**
 * Gives Services their cluster addresses and node ports. Claims are made at once, before anything is awaited, so that writes that run side
 * by side never get the same one; before the Service is written, its addresses are written down as IPAddresses, which holds between servers (ADR 0022).
 * Source: Kubernetes, "Service", "Service ClusterIP allocation" and "Kubernetes extends Service IP ranges" (KEP-1880).
 */
export function serviceAllocator(options: ServiceAllocatorOptions): Allocator {
  const { records } = options;
  const { first, last } = options.nodePortRange;
  const size = BigInt(last - first + 1);
  const ports = new Pool({ first: BigInt(first), size, reserved: reservedOf(size, 32n, 16n, 128n), random: options.random });
  const stores: Stores = { addresses: new Addresses(options), ports, range: `${first}-${last}`, records };
  for (const service of options.existing) {
    for (const address of addressesOf(service)) stores.addresses.hold(address);
    for (const port of portsOf(service)) ports.take(BigInt(port));
  }
  return {
    claim: (draft, old, dryRun) => claim(stores, draft as Service, old as Service | undefined, dryRun),
    async removed(lastState) {
      await Promise.all([...addressesOf(lastState)].map((address) => records.remove(address)));
      stores.addresses.free(addressesOf(lastState));
      for (const port of portsOf(lastState)) ports.free(BigInt(port));
    },
  };
}

const without = <T>(set: ReadonlySet<T>, other: ReadonlySet<T>): Set<T> => new Set([...set].filter((item) => !other.has(item)));

interface Stores extends PortPool {
  readonly addresses: Addresses;
  readonly records: AddressRecords;
}

/** All ranges together; those that overlap share what is taken. */
class Addresses {
  readonly families: readonly Family[];
  readonly #options: ServiceAllocatorOptions;
  readonly #taken = { IPv4: new Set<bigint>(), IPv6: new Set<bigint>() };
  readonly #pools = new Map<string, AddressPool>();

  constructor(options: ServiceAllocatorOptions) {
    this.families = options.families;
    this.#options = options;
  }

  /** In whatever range, or in none any more. */
  hold(address: string): void {
    const value = numberOf(address);
    if (value !== undefined) this.#taken[familyOf(address)].add(value);
  }

  free(addresses: Iterable<string>): void {
    for (const address of addresses) this.#taken[familyOf(address)].delete(numberOf(address) ?? 0n);
  }

  take(address: string): 'taken' | 'outside' | 'ok' {
    const pool = this.#of(familyOf(address)).find((candidate) => candidate.has(address));
    if (!pool) return 'outside';
    return !this.#options.records.has(address) && pool.take(address) ? 'ok' : 'taken';
  }

  any(family: Family): string | undefined {
    for (const pool of this.#of(family)) {
      const address = pool.any((candidate) => this.#options.records.has(candidate));
      if (address !== undefined) return address;
    }
    return undefined;
  }

  #of(family: Family): AddressPool[] {
    const pools = this.#options.ranges().map((cidr) => {
      const known = this.#pools.get(cidr);
      const pool = known ?? addressPool(cidr, { random: this.#options.random, taken: this.#taken[familyOf(cidr)] });
      this.#pools.set(cidr, pool);
      return pool;
    });
    return pools.filter((pool) => pool.family === family);
  }
}

const isAddress = (text: string | undefined): text is string => text !== undefined && text !== '' && text !== 'None';

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
function claim(stores: Stores, service: Service, old: Service | undefined, dryRun: boolean): Claim {
  const before = { addresses: addressesOf(old), ports: portsOf(old) };
  const taken = { addresses: new Set<string>(), ports: new Set<number>() };
  const recorded = new Set<string>();
  const free = (which: { addresses: Set<string>; ports: Set<number> }) => {
    stores.addresses.free(which.addresses);
    for (const port of which.ports) stores.ports.free(BigInt(port));
  };
  const forget = (addresses: Iterable<string>) => Promise.all([...addresses].map((address) => stores.records.remove(address)));
  let open = true;
  const once = (run: () => Promise<void>) => async () => {
    if (open) {
      open = false;
      await run();
    }
  };
  let dynamic: ReadonlySet<string>;
  try {
    const asked = new Set([service.spec?.clusterIP, ...(service.spec?.clusterIPs ?? [])]);
    const errors = service.spec ? fill(stores, service.spec, { old: old?.spec, before, dryRun }, taken) : [];
    if (errors.length > 0) throw invalidObject('Service', '', service.metadata?.name ?? '', errors);
    dynamic = new Set([...taken.addresses].filter((address) => !asked.has(address)));
  } catch (error) {
    free(taken);
    throw error;
  }
  return {
    async secure() {
      for (const address of [...taken.addresses]) {
        recorded.add(await record(stores, service, address, { taken: taken.addresses, isDynamic: dynamic.has(address) }));
      }
    },
    commit: once(async () => {
      const now = { addresses: addressesOf(service), ports: portsOf(service) };
      const left = { addresses: without(before.addresses, now.addresses), ports: without(before.ports, now.ports) };
      await forget(left.addresses);
      free(left);
    }),
    release: once(async () => {
      await forget(recorded);
      free(taken);
    }),
  };
}

/** Writes the address down; when another server was quicker with one that nobody asked for, another one. Answers with what was written down. */
async function record(
  { addresses, records }: Stores,
  service: Service,
  address: string,
  { taken, isDynamic }: { taken: Set<string>; isDynamic: boolean },
): Promise<string> {
  let candidate = address;
  while (!(await records.create(candidate, service))) {
    taken.delete(candidate);
    addresses.free([candidate]);
    const { clusterIPs = [] } = service.spec ?? {};
    if (!isDynamic) throw invalidObject('Service', '', service.metadata?.name ?? '', [notAllocated(clusterIPs, candidate, TAKEN)]);
    const next = addresses.any(familyOf(candidate));
    if (next === undefined) throw rangeIsFull();
    taken.add(next);
    if (service.spec) {
      service.spec.clusterIPs = clusterIPs.map((each) => (each === candidate ? next : each));
      [service.spec.clusterIP] = service.spec.clusterIPs;
    }
    candidate = next;
  }
  return candidate;
}

const TAKEN = 'provided IP is already allocated';
const rangeIsFull = () => new ApiError('InternalError', 'failed to allocate a serviceIP: range is full');
const notAllocated = (all: readonly string[], address: string, why: string) =>
  invalid('spec.clusterIPs', all, `failed to allocate IP ${address}: ${why}`);

interface Holdings {
  readonly addresses: Set<string>;
  readonly ports: Set<number>;
}

interface Before {
  readonly old: ServiceSpec | undefined;
  readonly before: Holdings;
  readonly dryRun: boolean;
}

/** Stops at the first step that fails: what comes after depends on it. */
function fill(stores: Stores, spec: ServiceSpec, { old, before, dryRun }: Before, taken: Holdings): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  if (!spec.clusterIPs?.length && spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  const families = settleFamilies(stores.addresses.families, spec, old);
  if (families.length > 0) return families;
  const kept = old === undefined || old.type === 'ExternalName' ? 0 : (old.clusterIPs?.length ?? 0);
  const addresses = fillAddresses(stores.addresses, spec, { before, kept }, taken);
  if (addresses.length > 0) return addresses;
  return fillPorts({ ports: stores.ports, range: stores.range, before: before.ports, taken: taken.ports, dryRun }, spec, old);
}

/** `kept`: as many addresses as the Service had stay what they are; another one is validation's to refuse. */
function fillAddresses(
  pool: Addresses,
  spec: ServiceSpec,
  { before, kept }: { readonly before: Holdings; readonly kept: number },
  taken: Holdings,
): FieldError[] {
  const wanted = spec.clusterIPs ?? [];
  if (wanted[0] === 'None') return [];
  const addresses: string[] = [];
  for (const [i, family] of ((spec.ipFamilies ?? []) as Family[]).entries()) {
    const own = i < kept ? wanted[i] : undefined;
    const address = own || takeAddress(pool, family, { wanted: wanted[i], all: wanted, before, taken });
    if (typeof address !== 'string') return [address];
    addresses.push(address);
  }
  [spec.clusterIP] = addresses;
  spec.clusterIPs = addresses;
  return [];
}

interface Wish {
  readonly wanted: string | undefined;
  readonly all: readonly string[];
  readonly before: Holdings;
  readonly taken: Holdings;
}

function takeAddress(pool: Addresses, family: Family, { wanted, all, before, taken }: Wish): string | FieldError {
  if (!wanted) {
    const address = pool.any(family);
    if (address === undefined) throw rangeIsFull();
    taken.addresses.add(address);
    return address;
  }
  if (before.addresses.has(wanted)) return wanted;
  const result = pool.take(wanted);
  if (result !== 'ok')
    return notAllocated(all, wanted, result === 'taken' ? TAKEN : 'the provided network does not match the current range');
  taken.addresses.add(wanted);
  return wanted;
}
