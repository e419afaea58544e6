import { formatAddress, parseAddress, parseCidr } from '../../../base/ip.ts';
import { runtimeError } from '../errors.ts';
import { func, method, type Overload, traverses } from '../overloads.ts';
import { CEL_TYPE, EQUALS, type NamedValue } from '../values.ts';

class Ip implements NamedValue {
  readonly [CEL_TYPE] = 'net.IP';
  readonly value: bigint;
  readonly width: 32 | 128;
  constructor(value: bigint, width: 32 | 128) {
    this.value = value;
    this.width = width;
  }

  /** The highest bits, as a number. */
  top(bits: number): bigint {
    return this.value >> BigInt(this.width - bits);
  }

  [EQUALS](other: unknown): boolean {
    return other instanceof Ip && other.width === this.width && other.value === this.value;
  }
}

class IpRange implements NamedValue {
  readonly [CEL_TYPE] = 'net.CIDR';
  /** As written: bits after the prefix may be set. */
  readonly ip: Ip;
  readonly prefixBits: number;
  constructor(ip: Ip, prefixBits: number) {
    this.ip = ip;
    this.prefixBits = prefixBits;
  }

  contains(ip: Ip): boolean {
    return ip.width === this.ip.width && ip.top(this.prefixBits) === this.ip.top(this.prefixBits);
  }

  masked(): IpRange {
    const free = BigInt(this.ip.width - this.prefixBits);
    return new IpRange(new Ip((this.ip.value >> free) << free, this.ip.width), this.prefixBits);
  }

  [EQUALS](other: unknown): boolean {
    return other instanceof IpRange && other.prefixBits === this.prefixBits && other.ip[EQUALS](this.ip);
  }
}

const isMapped = ({ value, width }: { value: bigint; width: 32 | 128 }): boolean => width === 128 && value >> 32n === 0xffffn;

function parseIp(text: string): Ip {
  if (text.includes('%')) throw runtimeError(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  const parsed = /(^|\.)0\d/.test(text) && !text.includes(':') ? undefined : parseAddress(text);
  if (!parsed) {
    const name = JSON.stringify(text);
    throw runtimeError(`IP Address ${name} parse error during conversion from string: ParseAddr(${name}): unable to parse IP`);
  }
  if (isMapped(parsed)) throw runtimeError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new Ip(parsed.value, parsed.width);
}

function parseRange(text: string): IpRange {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const known = rest.length === 0 ? parseCidr(text) : undefined;
  const plain = !address.includes(':') && /(^|\.)0\d/.test(address);
  if (!known || plain || address.includes('%') || /^0\d/.test(prefix)) {
    throw runtimeError(
      `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): invalid prefix`,
    );
  }
  if (isMapped({ value: known.first, width: known.width }))
    throw runtimeError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new IpRange(parseIp(address), known.prefixBits);
}

const succeeds =
  (parse: (text: string) => unknown) =>
  (text: string): boolean => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };

const show = ({ value, width }: Ip): string => formatAddress(value, width);
const isLoopback = (ip: Ip): boolean => (ip.width === 32 ? ip.top(8) === 127n : ip.value === 1n);
const isLinkLocalUnicast = (ip: Ip): boolean => (ip.width === 32 ? ip.top(16) === 0xa9fen : ip.top(10) === 0x3fan);
const isLinkLocalMulticast = (ip: Ip): boolean => (ip.width === 32 ? ip.top(24) === 0xe00000n : ip.top(16) === 0xff02n);
const isMulticast = (ip: Ip): boolean => (ip.width === 32 ? ip.top(4) === 14n : ip.top(8) === 0xffn);
const isBroadcast = (ip: Ip): boolean => ip.width === 32 && ip.value === 0xffffffffn;
const isGlobalUnicast = (ip: Ip): boolean =>
  ip.value !== 0n && !isBroadcast(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);

const text = traverses(0);
export const network: readonly Overload[] = [
  func('ip(string): net.IP', parseIp, text),
  func('isIP(string): bool', succeeds(parseIp), text),
  func('ip.isCanonical(string): bool', (address: string) => show(parseIp(address)) === address, text),
  func('string(net.IP): string', show),
  method('net.IP.family(): int', ({ width }: Ip) => (width === 32 ? 4n : 6n)),
  method('net.IP.isUnspecified(): bool', ({ value }: Ip) => value === 0n),
  method('net.IP.isLoopback(): bool', isLoopback),
  method('net.IP.isLinkLocalMulticast(): bool', isLinkLocalMulticast),
  method('net.IP.isLinkLocalUnicast(): bool', isLinkLocalUnicast),
  method('net.IP.isGlobalUnicast(): bool', isGlobalUnicast),
  func('cidr(string): net.CIDR', parseRange, text),
  func('isCIDR(string): bool', succeeds(parseRange), text),
  func('string(net.CIDR): string', ({ ip, prefixBits }: IpRange) => `${show(ip)}/${prefixBits}`),
  method('net.CIDR.containsIP(string): bool', (range: IpRange, ip: string) => range.contains(parseIp(ip)), traverses(1)),
  method('net.CIDR.containsIP(net.IP): bool', (range: IpRange, ip: Ip) => range.contains(ip)),
  method('net.CIDR.containsCIDR(string): bool', (range: IpRange, other: string) => containsRange(range, parseRange(other)), traverses(1)),
  method('net.CIDR.containsCIDR(net.CIDR): bool', containsRange),
  method('net.CIDR.ip(): net.IP', ({ ip }: IpRange) => ip),
  method('net.CIDR.masked(): net.CIDR', (range: IpRange) => range.masked()),
  method('net.CIDR.prefixLength(): int', ({ prefixBits }: IpRange) => BigInt(prefixBits)),
];

function containsRange(range: IpRange, other: IpRange): boolean {
  return other.prefixBits >= range.prefixBits && range.contains(other.ip);
}
