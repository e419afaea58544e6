import { checkClusterIps } from '../../api/core/validation-service-addresses.ts';
import { type FieldError, invalid } from '../../api/meta/field-error.ts';
import { same } from '../../api/meta/validation.ts';
import { type Family, familyOf } from '../../api/networking/ip-address.ts';
import type { ServiceSpec } from '../../api/schema/generated/types.ts';

const OTHER: Readonly<Record<Family, Family>> = { IPv4: 'IPv6', IPv6: 'IPv4' };
const PREFER = 'PreferDualStack';

const isHeadless = ({ clusterIP }: ServiceSpec): boolean => clusterIP === 'None';
const isSelectorless = ({ selector }: ServiceSpec): boolean => Object.keys(selector ?? {}).length === 0;

/** A Service that prefers both families keeps what it has when the cluster gets another family, or loses one. */
const isLeftAlone = (spec: ServiceSpec, old: ServiceSpec | undefined): boolean =>
  old !== undefined &&
  spec.ipFamilyPolicy === PREFER &&
  (old.ipFamilyPolicy ?? PREFER) === PREFER &&
  spec.type === old.type &&
  same(spec.clusterIPs ?? [], old.clusterIPs ?? []) &&
  same(spec.ipFamilies ?? [], old.ipFamilies ?? []);

/** Who asks for one family gives up the second, unless he names what he wants; who does not ask for it may not leave it out. */
function giveUpSecond(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const fewer = (now: readonly string[] = [], before: readonly string[] = []) => now.length > 0 && now.length < before.length;
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (same(spec.clusterIPs, old.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    if (same(spec.ipFamilies, old.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    return [];
  }
  const refuse = (what: string) =>
    invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(fewer(spec.clusterIPs, old.clusterIPs) ? [refuse('cluster IP')] : []),
    ...(fewer(spec.ipFamilies, old.ipFamilies) ? [refuse('IP family')] : []),
  ];
}

function checkSingle({ ipFamilyPolicy, clusterIPs = [], ipFamilies = [] }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return [];
  const refuse = (what: string) =>
    invalid('spec.ipFamilyPolicy', ipFamilyPolicy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`);
  return [...(clusterIPs.length === 2 ? [refuse('cluster IPs')] : []), ...(ipFamilies.length === 2 ? [refuse('IP families')] : [])];
}

/** Addresses that were asked for say their families. */
function familiesOfAddresses(configured: readonly Family[], spec: ServiceSpec): FieldError[] {
  const all = spec.clusterIPs ?? [];
  if (all[0] === 'None') return [];
  return all.slice(spec.ipFamilies?.length ?? 0).flatMap((address, i) => {
    const family = familyOf(address);
    const at = `spec.clusterIPs[${(spec.ipFamilies?.length ?? 0) + i}]`;
    if (!configured.includes(family)) return [invalid(at, all, `${family} is not configured on this cluster`)];
    spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    return [];
  });
}

/**
 * Settles the families of a Service and their policy: what was asked for, what its addresses are of, or the cluster's own, and the other one where the policy wants it
 * (Kubernetes: "IPv4/IPv6 dual-stack"; kubernetes, registry/core/service, initIPFamilyFields). `configured`: the first is the cluster's own.
 */
export function settleFamilies(configured: readonly Family[], spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (isLeftAlone(spec, old)) return [];
  const lonely = isHeadless(spec) && isSelectorless(spec);
  spec.ipFamilyPolicy ??= old?.ipFamilyPolicy ?? (lonely ? 'RequireDualStack' : 'SingleStack');
  const wrong = checkClusterIps(spec);
  if (wrong.length > 0) return wrong;
  const errors = [...(old && old.type !== 'ExternalName' ? giveUpSecond(spec, old) : []), ...checkSingle(spec)];
  errors.push(...familiesOfAddresses(configured, spec));
  if (errors.length > 0) return errors;
  const wantsBoth = spec.ipFamilyPolicy !== 'SingleStack';
  const [own = 'IPv4'] = configured;
  // Nobody gives it addresses: its endpoints may be of families that the cluster does not have.
  if (lonely) {
    addSecond(spec, own, wantsBoth);
    return [];
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2) {
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  }
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    if (!configured.includes(family as Family)) errors.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  }
  if (errors.length > 0) return errors;
  addSecond(spec, own, wantsBoth && configured.length === 2);
  return [];
}

function addSecond(spec: ServiceSpec, own: Family, wanted: boolean): void {
  const [first = own, second = wanted ? OTHER[first] : undefined] = (spec.ipFamilies ?? []) as Family[];
  spec.ipFamilies = [first, ...(second ? [second] : [])];
}
