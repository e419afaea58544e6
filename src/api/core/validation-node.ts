import { checkCidr } from '../meta/addresses.ts';
import { duplicate, type FieldError, forbidden, invalid } from '../meta/field-error.ts';
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
    ...ranges.flatMap((range, i) => (ranges.indexOf(range) < i ? [duplicate(`${path}[${i}]`, range)] : [])),
  ];
}

/** Upstream looks for taints below `metadata`. */
export const checkNode = ({ spec, status }: Node): FieldError[] => [
  ...checkTaints('metadata.taints', spec?.taints),
  ...checkList('status.capacity', status?.capacity),
  ...checkList('status.allocatable', status?.allocatable),
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
  return [
    ...checkAddresses(value),
    ...(before.length === 0 || same(ranges, before)
      ? []
      : [forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')]),
    ...(machine === '' || machine === value.spec?.providerID
      ? []
      : [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')]),
  ];
}
