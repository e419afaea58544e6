import { canonicalIp, checkIp } from '../meta/addresses.ts';
import { duplicate, type FieldError, invalid, notSupported } from '../meta/field-error.ts';
import { checkEnum } from '../meta/validation.ts';
import type { ServiceSpec } from '../schema/generated/types.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const NONE = 'None';

/** `clusterIP` alone is as good as a list of one. */
export const clusterIpsOf = ({ clusterIP, clusterIPs = [] }: ServiceSpec): readonly string[] =>
  clusterIPs.length === 0 && clusterIP ? [clusterIP] : clusterIPs;

export function isHeadless(spec: ServiceSpec): boolean {
  const ips = clusterIpsOf(spec);
  return ips.length === 1 && ips[0] === NONE;
}

function checkFamilies({ ipFamilies = [], ipFamilyPolicy }: ServiceSpec): FieldError[] {
  const seen = new Set<string>();
  const errors = ipFamilies.flatMap((family, i) => {
    const at = `spec.ipFamilies[${i}]`;
    const own = FAMILIES.includes(family) ? [] : [notSupported(at, family, FAMILIES)];
    if (seen.has(family)) own.push(duplicate(at, family));
    seen.add(family);
    return own;
  });
  return [...errors, ...checkEnum('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES)];
}

function checkEach(ips: readonly string[]): FieldError[] {
  const path = 'spec.clusterIPs';
  return ips.flatMap((ip, i) => {
    if (i > 0 || ip !== NONE) return checkIp(`${path}[${i}]`, ip);
    return ips.length > 1 ? [invalid(path, ips, "'None' must be the first and only value")] : [];
  });
}

const familyOf = (ip: string) => (canonicalIp(ip)?.includes(':') ? 'IPv6' : 'IPv4');

/** Addresses, families and their policy fit each other. */
export function checkClusterIps(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const { clusterIP = '', ipFamilies = [] } = spec;
  const ips = clusterIpsOf(spec);
  const path = 'spec.clusterIPs';
  const errors: FieldError[] = [];
  if (clusterIP && ips[0] !== clusterIP) errors.push(invalid(path, ips, 'first value must match `clusterIP`'));
  if (!clusterIP && ips.length > 0) errors.push(invalid(path, ips, 'must be empty when `clusterIP` is not specified'));
  errors.push(...checkFamilies(spec));
  const wrong = checkEach(ips);
  errors.push(...wrong);
  if (ips.length > 2) errors.push(invalid(path, ips, 'may only hold up to 2 values'));
  if (wrong.length > 0) return errors;
  if (ips.length > 1 && new Set(ips.map(familyOf)).size < 2) {
    errors.push(invalid(path, ips, 'may specify no more than one IP for each IP family'));
  }
  if (isHeadless(spec)) return errors;
  for (const [i, family] of ipFamilies.entries()) {
    const ip = ips[i];
    if (ip === undefined || !FAMILIES.includes(family) || familyOf(ip) === family) continue;
    errors.push(invalid(`${path}[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
  }
  return errors;
}

interface Change<T> {
  readonly now: readonly T[];
  readonly before: readonly T[];
}

const ONCE = 'may not change once set';

function checkClusterIpsKept(spec: ServiceSpec, { now, before }: Change<string>): FieldError[] {
  const path = 'spec.clusterIPs';
  if (now.length === before.length) return before.flatMap((ip, i) => (ip === now[i] ? [] : [invalid(`${path}[${i}]`, now, ONCE)]));
  const changed = before.length > 0 && now.length > 0 && now[0] !== before[0] ? [invalid(`${path}[0]`, now, ONCE)] : [];
  if (now.length > before.length) return changed;
  const released = now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack';
  const detail = "must be set to 'SingleStack' when releasing the secondary clusterIP";
  return [
    ...(now.length === 0 ? [invalid(`${path}[0]`, null, 'primary clusterIP can not be unset')] : []),
    ...changed,
    ...(released ? [invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, detail)] : []),
  ];
}

function checkFamiliesKept(spec: ServiceSpec, { now, before }: Change<string>): FieldError[] {
  const path = 'spec.ipFamilies[0]';
  if (now.length === before.length) return before.flatMap((family, i) => (family === now[i] ? [] : [invalid(path, now, ONCE)]));
  const changed = before.length > 0 && now.length > 0 && now[0] !== before[0] ? [invalid(path, clusterIpsOf(spec), ONCE)] : [];
  if (now.length > before.length) return changed;
  const released = now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack';
  const detail = "must be set to 'SingleStack' when releasing the secondary ipFamily";
  return [
    ...(clusterIpsOf(spec).length === 0 ? [invalid(path, now, 'primary ipFamily can not be unset')] : []),
    ...changed,
    ...(released ? [invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, detail)] : []),
  ];
}

/** Addresses stay for the life of the Service, unless it becomes or ceases to be an ExternalName. A second family may come and go. */
export function checkAddressesKept(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return [];
  const [headless, wasHeadless] = [isHeadless(spec), isHeadless(old)];
  return [
    ...(headless && wasHeadless ? [] : checkClusterIpsKept(spec, { now: clusterIpsOf(spec), before: clusterIpsOf(old) })),
    ...(headless || wasHeadless ? [] : checkFamiliesKept(spec, { now: spec.ipFamilies ?? [], before: old.ipFamilies ?? [] })),
  ];
}
