/** Addresses as numbers: parts of a CIDR are counted, not spelled. */
interface Range {
  readonly first: bigint;
  readonly bits: number;
  readonly width: 32 | 128;
}

function parseAddress(text: string): { value: bigint; width: 32 | 128 } | undefined {
  if (!text.includes(':')) {
    const parts = text.split('.').map(Number);
    if (parts.length !== 4 || parts.some((p) => !Number.isInteger(p) || p < 0 || p > 255)) return undefined;
    return { value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), width: 32 };
  }
  if (!URL.canParse(`http://[${text}]`)) return undefined;
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  return { value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n), width: 128 };
}

function parseCidr(cidr: string): Range | undefined {
  const [address = '', prefix = ''] = cidr.split('/');
  const parsed = parseAddress(address);
  const bits = Number(prefix);
  if (!parsed || prefix === '' || !Number.isInteger(bits) || bits < 0 || bits > parsed.width) return undefined;
  const host = BigInt(parsed.width - bits);
  return { first: (parsed.value >> host) << host, bits, width: parsed.width };
}

function formatAddress(value: bigint, width: 32 | 128): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65535n).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Upstream's defaults of --node-cidr-mask-size: 256 addresses of IPv4 a node, a /64 of IPv6. */
const NODE_BITS = { 32: 24, 128: 64 } as const;

/** How large a node's part is: the default, or the whole when the cluster's range is smaller. */
const nodeBits = ({ bits, width }: Range) => Math.max(bits, NODE_BITS[width]);

/**
 * The first part of the cluster's range that no node has; undefined when all are given out. Parts are found by their number, so gaps that left nodes made are
 * filled.
 */
export function nextNodeCidr(clusterCidr: string, taken: readonly string[]): string | undefined {
  const cluster = parseCidr(clusterCidr);
  if (!cluster) return undefined;
  const bits = nodeBits(cluster);
  const size = 1n << BigInt(cluster.width - bits);
  const used = new Set<bigint>();
  for (const cidr of taken) {
    const range = parseCidr(cidr);
    if (range && range.width === cluster.width) used.add((range.first - cluster.first) / size);
  }
  const count = 1n << BigInt(bits - cluster.bits);
  for (let index = 0n; index < count; index += 1n) {
    if (!used.has(index)) return `${formatAddress(cluster.first + index * size, cluster.width)}/${bits}`;
  }
  return undefined;
}
