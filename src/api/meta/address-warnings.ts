import { formatAddress, parseCidr } from '../../base/ip.ts';
import { canonicalIp } from './addresses.ts';

/** IPv6 has one spelling that is easy to compare (RFC 5952); others are taken, with a warning (apimachinery, util/validation/ip.go: GetWarningsForIP, GetWarningsForCIDR). */

export function ipWarnings(path: string, value: string): string[] {
  const canonical = value.includes(':') ? canonicalIp(value) : undefined;
  return other(`${path}: IPv6 address`, value, canonical);
}

export function cidrWarnings(path: string, value: string): string[] {
  const range = value.includes(':') ? parseCidr(value) : undefined;
  return other(`${path}: IPv6 CIDR value`, value, range && `${formatAddress(range.first, range.width)}/${range.prefixBits}`);
}

/** Of the addresses that load balancers report. */
export const balancerWarnings = (ingress: readonly { readonly ip?: string }[] = []): string[] =>
  ingress.flatMap(({ ip }, i) => (ip ? ipWarnings(`status.loadBalancer.ingress[${i}]`, ip) : []));

const other = (what: string, value: string, canonical: string | undefined): string[] =>
  canonical === undefined || canonical === value
    ? []
    : [`${what} ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`];
