import { formatAddress, parseCidr } from '../../base/ip.ts';

/** Upstream's defaults of --node-cidr-mask-size: 256 addresses of IPv4 a node, a /64 of IPv6. */
const NODE_BITS = { 32: 24, 128: 64 } as const;

/**
 * The first part of the cluster's range that no node has; undefined when all are given out. A node's part has the default size, or that of the whole
 * range when this is smaller. Gaps that nodes left behind are filled.
 */
export function nextNodeCidr(clusterCidr: string, taken: readonly string[]): string | undefined {
  const cluster = parseCidr(clusterCidr);
  if (!cluster) return undefined;
  const bits = Math.max(cluster.prefixBits, NODE_BITS[cluster.width]);
  const size = 1n << BigInt(cluster.width - bits);
  const used = new Set<bigint>();
  for (const cidr of taken) {
    const range = parseCidr(cidr);
    if (range && range.width === cluster.width) used.add((range.first - cluster.first) / size);
  }
  const count = 1n << BigInt(bits - cluster.prefixBits);
  for (let index = 0n; index < count; index += 1n) {
    if (!used.has(index)) return `${formatAddress(cluster.first + index * size, cluster.width)}/${bits}`;
  }
  return undefined;
}
