import { type Cidr, formatAddress, parseCidr } from '../../base/ip.ts';

/**
 * Who has which part of one range of the cluster. A node's part has a prefix of `nodeBits`, which are not fewer than the range's. Told of nodes one by
 * one: what is given out already is not looked through again for each.
 */
export class NodeParts {
  readonly #cluster: Cidr | undefined;
  readonly #bits: number;
  readonly #count: number;
  /** By number of the part. */
  readonly #takers = new Map<number, string>();
  readonly #parts = new Map<string, readonly number[]>();

  constructor(clusterCidr: string, nodeBits: number) {
    this.#cluster = parseCidr(clusterCidr);
    this.#bits = nodeBits;
    this.#count = this.#cluster ? 2 ** (nodeBits - this.#cluster.prefixBits) : 0;
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
