/** Addresses as numbers: ranges are counted, not spelled. IPv4 and IPv6 alike. */
export interface Cidr {
  /** The lowest address of the range. */
  readonly first: bigint;
  readonly prefixBits: number;
  /** 32 or 128. */
  readonly width: 32 | 128;
}

export function parseAddress(text: string): { value: bigint; width: 32 | 128 } | undefined {
  if (!text.includes(':')) {
    if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
    const parts = text.split('.').map(Number);
    return parts.some((part) => part > 255) ? undefined : { value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), width: 32 };
  }
  if (!URL.canParse(`http://[${text}]`)) return undefined;
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  return { value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n), width: 128 };
}

/** undefined for text that is no CIDR. Host bits are cleared. */
export function parseCidr(cidr: string): Cidr | undefined {
  const [address = '', prefix = ''] = cidr.split('/');
  const parsed = parseAddress(address);
  if (!parsed || !/^\d+$/.test(prefix) || Number(prefix) > parsed.width) return undefined;
  const hostBits = BigInt(parsed.width - Number(prefix));
  return { first: (parsed.value >> hostBits) << hostBits, prefixBits: Number(prefix), width: parsed.width };
}

/** An address as a range of its own; undefined for text that is none. */
export function addressRange(address: string): Cidr | undefined {
  const parsed = parseAddress(address);
  return parsed && { first: parsed.value, prefixBits: parsed.width, width: parsed.width };
}

/** Is all of the inner range in the outer one? */
export function containsRange(outer: Cidr, inner: Cidr): boolean {
  const hostBits = BigInt(outer.width - outer.prefixBits);
  return outer.width === inner.width && outer.prefixBits <= inner.prefixBits && inner.first >> hostBits === outer.first >> hostBits;
}

/** The canonical spelling of an address. */
export function formatAddress(value: bigint, width: 32 | 128): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65535n).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** The n-th address of a range (0 is the network's own); undefined when the range is no CIDR or too small. */
export function nthAddress(cidr: string, n: number): string | undefined {
  const range = parseCidr(cidr);
  if (!range || BigInt(n) >= 1n << BigInt(range.width - range.prefixBits)) return undefined;
  return formatAddress(range.first + BigInt(n), range.width);
}
