import { type Cidr, formatAddress, parseCidr } from '../../base/ip.ts';

/** Upstream's defaults of --node-cidr-mask-size: 256 addresses of IPv4 a node, a /64 of IPv6. */
const NODE_BITS = { 32: 24, 128: 64 } as const;

/**
 * Who has which part of one range of the cluster. A node's part has the default size, or that of the whole range when this is smaller. Told of nodes one by
 * one: what is given out already is not looked through again for each.
 */
export class NodeParts {
  readonly #cluster: Cidr | undefined;
  readonly #bits: number;
  readonly #count: number;
  /** By number of the part. */
  readonly #takers = new Map<number, string>();
  readonly #parts = new Map<string, readonly number[]>();

  constructor(clusterCidr: string) {
    this.#cluster = parseCidr(clusterCidr);
    const { prefixBits = 0, width = 32 } = this.#cluster ?? {};
    this.#bits = Math.max(prefixBits, NODE_BITS[width]);
    this.#count = this.#cluster ? 2 ** (this.#bits - prefixBits) : 0;
  }

  /** The node has these; of no other range are any noted. None: it has gone, or has none yet. */
  note(nodeName: string, cidrs: readonly string[]): void {
    for (const part of this.#parts.get(nodeName) ?? []) if (this.#takers.get(part) === nodeName) this.#takers.delete(part);
    const parts = cidrs.map((cidr) => this.#numberOf(cidr)).filter((part) => part !== undefined);
    if (parts.length === 0) this.#parts.delete(nodeName);
    else this.#parts.set(nodeName, parts);
    for (const part of parts) this.#takers.set(part, nodeName);
  }

  /** The first part that no node has; undefined when all are given out. Gaps that nodes left behind are filled. */
  next(): string | undefined {
    if (!this.#cluster) return undefined;
    const { first, width } = this.#cluster;
    for (let part = 0; part < this.#count; part += 1) {
      if (!this.#takers.has(part)) return `${formatAddress(first + BigInt(part) * this.#size(width), width)}/${this.#bits}`;
    }
    return undefined;
  }

  #size = (width: 32 | 128) => 1n << BigInt(width - this.#bits);

  #numberOf(cidr: string): number | undefined {
    const range = parseCidr(cidr);
    if (!range || !this.#cluster || range.width !== this.#cluster.width) return undefined;
    return Number((range.first - this.#cluster.first) / this.#size(range.width));
  }
}
