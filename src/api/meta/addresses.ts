import { formatAddress, parseCidr } from '../../base/ip.ts';
import { type FieldError, invalid } from './field-error.ts';

/** Addresses and ranges in fields, in upstream's words (apimachinery, util/validation; KEP-4858: strict since 1.36). */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const SLOPPY_IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

export const isIpv4 = (text: string): boolean => IPV4.test(text);
export const isIpv6 = (text: string): boolean =>
  text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]/`) && !/(^|[:.])0\d+\.|\.0\d/.test(text);
export const isIp = (text: string): boolean => isIpv4(text) || isIpv6(text);

const isMapped = (text: string) => /^::ffff:/i.test(canonicalIpv6(text));
const canonicalIpv6 = (text: string) => new URL(`http://[${text}]/`).hostname.slice(1, -1);
/** Octets may have leading zeros: what old clients got away with. */
const isSloppyIpv4 = (text: string) => SLOPPY_IPV4.test(text) && text.split('.').every((octet) => Number(octet) <= 255);

/** Does Go's sloppy parser read it (netutils.ParseIPSloppy)? */
export const isAnyIp = (text: string): boolean => isIp(text) || isSloppyIpv4(text);

export function ipFindings(text: string): string[] {
  if (isIpv4(text)) return [];
  if (isSloppyIpv4(text)) return ['must not have leading 0s'];
  if (!isIpv6(text)) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  return isMapped(text) ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

export function cidrFindings(text: string): string[] {
  const [address = '', prefix = '', more] = text.split('/');
  const range = parseCidr(text);
  const known = isIp(address) || isSloppyIpv4(address);
  if (!range || !known || more !== undefined) return ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
  if (!isIp(address) || /^0\d/.test(prefix)) return ['must not have leading 0s in IP or prefix length'];
  if (address.includes(':') && isMapped(address)) return ['must not have an IPv4-mapped IPv6 address'];
  const host = parseCidr(`${address}/${range.width}`);
  return host?.first === range.first ? [] : ['must not have bits set beyond the prefix length'];
}

export const checkIp = (path: string, value: string): FieldError[] => ipFindings(value).map((finding) => invalid(path, value, finding));
export const checkCidr = (path: string, value: string): FieldError[] => cidrFindings(value).map((finding) => invalid(path, value, finding));

/** Fields that are younger than sloppy parsing want the one spelling of an address or range. */
export function checkCanonicalCidr(path: string, value: string): FieldError[] {
  const range = parseCidr(value);
  const errors = checkCidr(path, value);
  if (errors.length > 0 || !range) return errors;
  const canonical = `${formatAddress(range.first, range.width)}/${range.prefixBits}`;
  return canonical === value ? [] : [invalid(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** The address of an interface with the length of its network's prefix. */
export function checkInterfaceAddress(path: string, value: string): FieldError[] {
  const [address = '', prefix = '', more] = value.split('/');
  const range = parseCidr(value);
  if (!range || !(isIp(address) || isSloppyIpv4(address)) || more !== undefined) {
    return [invalid(path, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')];
  }
  const canonical = canonicalInterface(address, Number(prefix));
  return canonical === value ? [] : [invalid(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

function canonicalInterface(address: string, prefixBits: number): string {
  if (!address.includes(':')) return `${address.split('.').map(Number).join('.')}/${prefixBits}`;
  const value = parseCidr(`${address}/128`)?.first ?? 0n;
  if (value >> 32n !== 0xffffn) return `${canonicalIpv6(address)}/${prefixBits}`;
  // Go has no IPv4-mapped addresses: they are IPv4 addresses.
  return `${formatAddress(value & 0xffff_ffffn, 32)}/${prefixBits > 32 ? prefixBits - 96 : prefixBits}`;
}

/** As `ipFindings`, where only the one spelling of an address will do. */
export function canonicalIpFindings(text: string): string[] {
  const canonical = canonicalIp(text);
  const findings = ipFindings(text);
  if (findings.length > 0 || canonical === undefined || canonical === text) return findings;
  return [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** The one spelling of an address; undefined for what is none. */
export function canonicalIp(text: string): string | undefined {
  if (isIpv4(text)) return text;
  return isIpv6(text) ? canonicalIpv6(text) : undefined;
}

const inRange = (text: string, cidr: string) => {
  const [address, range] = [parseCidr(`${text}/${text.includes(':') ? 128 : 32}`), parseCidr(cidr)];
  if (!address || !range || address.width !== range.width) return false;
  const hostBits = BigInt(range.width - range.prefixBits);
  return address.first >> hostBits === range.first >> hostBits;
};

const SPECIAL: readonly (readonly [ranges: readonly string[], detail: string])[] = [
  [['127.0.0.0/8', '::1/128'], 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [['169.254.0.0/16', 'fe80::/10'], 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [['224.0.0.0/24', 'ff02::/16'], 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** Endpoints and external addresses: what is special to each node is none of theirs. */
export function checkNonSpecialIp(path: string, value: string): FieldError[] {
  if (!isIp(value) && !isSloppyIpv4(value)) return [invalid(path, value, 'must be a valid IP address')];
  const unspecified = value === '0.0.0.0' || canonicalIp(value) === '::';
  const special = SPECIAL.filter(([ranges]) => ranges.some((range) => inRange(value, range)));
  return [
    ...(unspecified ? [invalid(path, value, `may not be unspecified (${value})`)] : []),
    ...special.map(([, detail]) => invalid(path, value, detail)),
  ];
}
