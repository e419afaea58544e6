import { Address4, Address6 } from 'ip-address';
import { type Family, familyOf } from '../../api/networking/ip-address.ts';
import type { Random } from '../../base/random.ts';

interface PoolOptions {
  readonly first: bigint;
  readonly size: bigint;
  readonly reserved: bigint;
  readonly random: Random;
  readonly taken?: Set<bigint>;
}

/** Values out of a range, handed out once each. Low values are left for those who ask for one by name (KEP-3070, KEP-3668). */
export class Pool {
  readonly #first: bigint;
  readonly #size: bigint;
  readonly #reserved: bigint;
  readonly #random: Random;
  readonly #taken: Set<bigint>;

  /** `taken`: of ranges that overlap, what one gives out is gone for all. */
  constructor({ first, size, reserved, random, taken = new Set() }: PoolOptions) {
    this.#first = first;
    this.#size = size;
    this.#reserved = reserved;
    this.#random = random;
    this.#taken = taken;
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

  /** A free value that suits, from the upper part while there is one; undefined when all are taken. */
  any(suits: (value: bigint) => boolean = () => true): bigint | undefined {
    const upper = this.#size > this.#reserved ? this.#size - this.#reserved : 0n;
    return this.#search(this.#first + this.#reserved, upper, suits) ?? this.#search(this.#first, this.#size, suits);
  }

  /** Starts at a random place, so that a value that was just freed is not handed out at once. */
  #search(first: bigint, size: bigint, suits: (value: bigint) => boolean): bigint | undefined {
    if (size <= 0n) return undefined;
    const start = BigInt(Math.floor(this.#random() * Number(size)));
    for (let step = 0n; step < size; step += 1n) {
      const value = first + ((start + step) % size);
      if (!this.#taken.has(value) && suits(value) && this.take(value)) return value;
    }
    return undefined;
  }
}

/** The addresses of one CIDR, without the network's own and, in IPv4, the broadcast address. */
export interface AddressPool {
  readonly cidr: string;
  readonly family: Family;
  has(address: string): boolean;
  /** False when it is taken. */
  take(address: string): boolean;
  /** A free address that nobody else has `occupied`; undefined when there is none. */
  any(occupied: (address: string) => boolean): string | undefined;
}

export function addressPool(cidr: string, { random, taken }: { random: Random; taken: Set<bigint> }): AddressPool {
  const family = familyOf(cidr);
  const network = family === 'IPv4' ? new Address4(cidr) : new Address6(cidr);
  const base = network.startAddress().bigInt();
  const size = (1n << BigInt((family === 'IPv4' ? 32 : 128) - network.subnetMask)) - (family === 'IPv4' ? 2n : 1n);
  const pool = new Pool({ first: base + 1n, size, reserved: reservedOf(size, 16n, 16n, 256n), random, taken });
  const text = (value: bigint) => (family === 'IPv4' ? Address4.fromBigInt(value).correctForm() : Address6.fromBigInt(value).correctForm());
  return {
    cidr,
    family,
    has(address) {
      const value = numberOf(address);
      return value !== undefined && familyOf(address) === family && pool.has(value);
    },
    take(address) {
      const value = numberOf(address);
      return value !== undefined && pool.take(value);
    },
    any(occupied) {
      const value = pool.any((candidate) => !occupied(text(candidate)));
      return value === undefined ? undefined : text(value);
    },
  };
}

/** undefined: no address. */
export function numberOf(address: string): bigint | undefined {
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
