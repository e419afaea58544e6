import { Address4, Address6 } from 'ip-address';
import type { Random } from '../../base/random.ts';

export type Family = 'IPv4' | 'IPv6';

export const familyOf = (address: string): Family => (address.includes(':') ? 'IPv6' : 'IPv4');

/** Values out of a range, handed out once each. Low values are left for those who ask for one by name (KEP-3070, KEP-3668). */
export class Pool {
  readonly #first: bigint;
  readonly #size: bigint;
  readonly #reserved: bigint;
  readonly #random: Random;
  readonly #taken = new Set<bigint>();

  constructor({ first, size, reserved, random }: { first: bigint; size: bigint; reserved: bigint; random: Random }) {
    this.#first = first;
    this.#size = size;
    this.#reserved = reserved;
    this.#random = random;
  }

  has(value: bigint): boolean {
    return value >= this.#first && value < this.#first + this.#size;
  }

  /** False when it is taken. */
  take(value: bigint): boolean {
    if (this.#taken.has(value)) return false;
    this.#taken.add(value);
    return true;
  }

  free(value: bigint): void {
    this.#taken.delete(value);
  }

  /** A free value, from the upper part while there is one; undefined when all are taken. */
  any(): bigint | undefined {
    const upper = this.#size > this.#reserved ? this.#size - this.#reserved : 0n;
    return this.#search(this.#first + this.#reserved, upper) ?? this.#search(this.#first, this.#size);
  }

  /** Starts at a random place, so that a value that was just freed is not handed out at once. */
  #search(first: bigint, size: bigint): bigint | undefined {
    if (size <= 0n || BigInt(this.#taken.size) >= this.#size) return undefined;
    const start = BigInt(Math.floor(this.#random() * Number(size)));
    for (let step = 0n; step < size; step += 1n) {
      const value = first + ((start + step) % size);
      if (this.take(value)) return value;
    }
    return undefined;
  }
}

/** The addresses of one CIDR, without the network's own and, in IPv4, the broadcast address. */
export interface AddressPool {
  readonly cidr: string;
  readonly family: Family;
  /** `outside`: not of this CIDR. */
  take(address: string): 'taken' | 'outside' | 'ok';
  any(): string | undefined;
  free(address: string): void;
}

/** Ranges of IPv6 are larger than anybody needs: the first 2^20 addresses are enough. */
const MOST_ADDRESSES = 1n << 20n;

export function addressPool(cidr: string, random: Random): AddressPool {
  const family = familyOf(cidr);
  const network = family === 'IPv4' ? new Address4(cidr) : new Address6(cidr);
  const base = network.startAddress().bigInt();
  const all = 1n << BigInt((family === 'IPv4' ? 32 : 128) - network.subnetMask);
  const size = (all < MOST_ADDRESSES ? all : MOST_ADDRESSES) - (family === 'IPv4' ? 2n : 1n);
  const pool = new Pool({ first: base + 1n, size, reserved: reservedOf(size, 16n, 16n, 256n), random });
  const text = (value: bigint) => (family === 'IPv4' ? Address4.fromBigInt(value).correctForm() : Address6.fromBigInt(value).correctForm());
  return {
    cidr,
    family,
    take(address) {
      const value = numberOf(address);
      if (value === undefined || familyOf(address) !== family || !pool.has(value)) return 'outside';
      return pool.take(value) ? 'ok' : 'taken';
    },
    any() {
      const value = pool.any();
      return value === undefined ? undefined : text(value);
    },
    free(address) {
      const value = numberOf(address);
      if (value !== undefined) pool.free(value);
    },
  };
}

function numberOf(address: string): bigint | undefined {
  try {
    return familyOf(address) === 'IPv4' ? new Address4(address).bigInt() : new Address6(address).bigInt();
  } catch {
    return undefined;
  }
}

/** size/divisor, within bounds, and never all of it. */
export function reservedOf(size: bigint, divisor: bigint, least: bigint, most: bigint): bigint {
  if (size <= least) return 0n;
  const share = size / divisor;
  return share < least ? least : share > most ? most : share;
}
