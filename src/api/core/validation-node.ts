import { parseCidr } from '../../base/ip.ts';
import { checkCidr } from '../meta/addresses.ts';
import { duplicate, type FieldError, forbidden, internalError, invalid, required } from '../meta/field-error.ts';
import { jsonFault } from '../meta/json-fault.ts';
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
  const odd = ranges.length > 1 ? ranges.findIndex((range) => !parseCidr(range)) : -1;
  const why = `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${odd}]: <nil> (invalid CIDR address: ${ranges[odd]})`;
  return [
    ...ranges.flatMap((range, i) => checkCidr(`${path}[${i}]`, range)),
    ...(odd < 0 ? [] : [internalError(path, why)]),
    ...(crowded ? [invalid(path, ranges, 'may specify no more than one CIDR for each IP family')] : []),
  ];
}

const AVOIDED_PODS = 'scheduler.alpha.kubernetes.io/preferAvoidPods';

/** Nobody heeds it any more, but it has to be what it was (core/validation, ValidateAvoidPodsInNodeAnnotations). */
function checkAvoidedPods({ metadata }: Node): FieldError[] {
  const text = metadata?.annotations?.[AVOIDED_PODS];
  if (!text) return [];
  const fault = jsonFault(text);
  if (fault !== undefined) return [invalid('metadata.annotations.AvoidPods', AVOIDED_PODS, fault)];
  const { preferAvoidPods: entries = [] } = (JSON.parse(text) ?? {}) as AvoidedPods;
  return entries.flatMap((entry, i) =>
    entry.podSignature?.podController ? [] : [required(`metadata.annotations.${AVOIDED_PODS}[${i}].PodSignature`)],
  );
}

interface AvoidedPods {
  readonly preferAvoidPods?: readonly { readonly podSignature?: { readonly podController?: object } }[];
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
export const checkNode = (node: Node): FieldError[] => [
  ...checkAvoidedPods(node),
  ...checkTaints('metadata.taints', node.spec?.taints),
  ...checkList('status.capacity', node.status?.capacity),
  ...checkList('status.allocatable', node.status?.allocatable),
  ...checkFeatures(node.status?.declaredFeatures),
  ...checkPodRanges(node.spec?.podCIDRs),
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
    ...checkAvoidedPods(value),
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
