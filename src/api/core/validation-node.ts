import { checkCidr } from '../meta/addresses.ts';
import { duplicate, type FieldError, forbidden, invalid } from '../meta/field-error.ts';
import { MAX_SUBDOMAIN_LENGTH } from '../meta/names.ts';
import { same } from '../meta/validation.ts';
import type { Node } from '../schema/generated/types.ts';
import { checkAmount, type ResourceList } from './validation-resources.ts';
import { checkTaints } from './validation-scheduling.ts';

const checkList = (path: string, list: ResourceList | undefined): FieldError[] =>
  Object.entries(list ?? {}).flatMap(([name, amount]) => checkAmount(`${path}.${name}`, name, amount));

function checkPodRanges(ranges: readonly string[] = []): FieldError[] {
  const path = 'spec.podCIDRs';
  const families = new Set(ranges.map((range) => range.includes(':')));
  const crowded = ranges.length > 1 && (families.size < 2 || ranges.length > 2);
  return [
    ...ranges.flatMap((range, i) => checkCidr(`${path}[${i}]`, range)),
    ...(crowded ? [invalid(path, ranges, 'may specify no more than one CIDR for each IP family')] : []),
  ];
}

const FEATURE = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const FEATURE_RULE =
  "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";

function featureFindings(feature: string): string[] {
  const wrong = (rule: string) => [`invalid feature name ${JSON.stringify(feature)}: ${rule}`];
  if (feature.length > MAX_SUBDOMAIN_LENGTH) return wrong(`must be no more than ${MAX_SUBDOMAIN_LENGTH} characters`);
  return FEATURE.test(feature) ? [] : wrong(FEATURE_RULE);
}

/** What the node can do, in order (KEP-5328). */
function checkFeatures(features: readonly string[] = []): FieldError[] {
  const path = 'status.declaredFeatures';
  return features.flatMap((feature, i) => {
    const next = features[i + 1];
    return [
      ...featureFindings(feature).map((finding) => invalid(`${path}[${i}]`, feature, finding)),
      ...(next === feature ? [duplicate(`${path}[${i + 1}]`, next)] : []),
      ...(next !== undefined && feature > next ? [invalid(`${path}[${i + 1}]`, next, 'list must be sorted alphabetically')] : []),
    ];
  });
}

/** Upstream looks for taints below `metadata`. */
export const checkNode = ({ spec, status }: Node): FieldError[] => [
  ...checkTaints('metadata.taints', spec?.taints),
  ...checkList('status.capacity', status?.capacity),
  ...checkList('status.allocatable', status?.allocatable),
  ...checkFeatures(status?.declaredFeatures),
  ...checkPodRanges(spec?.podCIDRs),
];

function checkAddresses({ status }: Node): FieldError[] {
  const seen = new Set<string>();
  return (status?.addresses ?? []).flatMap(({ type, address }, i) => {
    const id = `${type}/${address}`;
    const errors = seen.has(id) ? [duplicate(`status.addresses[${i}]`, { Type: type, Address: address })] : [];
    seen.add(id);
    return errors;
  });
}

/** A node keeps the ranges and the machine that it got. */
export function checkNodeUpdate(value: Node, old: Node): FieldError[] {
  const [ranges, before] = [value.spec?.podCIDRs, old.spec?.podCIDRs ?? []];
  const { providerID: machine = '' } = old.spec ?? {};
  // Upstream looks at some parts once more: what is wrong with them counts twice.
  return [
    ...checkList('status.capacity', value.status?.capacity),
    ...checkList('status.allocatable', value.status?.allocatable),
    ...checkFeatures(value.status?.declaredFeatures),
    ...checkAddresses(value),
    ...(before.length === 0 || same(ranges, before)
      ? []
      : [forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')]),
    ...(machine === '' || machine === value.spec?.providerID
      ? []
      : [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')]),
    ...checkTaints('metadata.taints', value.spec?.taints),
    ...((value.spec?.externalID ?? '') === (old.spec?.externalID ?? '') ? [] : [forbidden('spec.externalID', 'may not be updated')]),
  ];
}
