import { duplicate, type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkEnum, checkLabelSelector } from '../meta/validation.ts';
import type { PodSpec, TopologySpreadConstraint } from '../schema/generated/types.ts';
import { checkMatchKeys } from './validation-scheduling.ts';

const POLICIES = ['Honor', 'Ignore'];
const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];

function checkMinDomains(path: string, { minDomains, whenUnsatisfiable }: TopologySpreadConstraint): FieldError[] {
  if (minDomains === undefined) return [];
  const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable ?? ''}`;
  return [
    ...(minDomains > 0 ? [] : [invalid(path, minDomains, 'must be greater than zero')]),
    ...(whenUnsatisfiable === 'DoNotSchedule' ? [] : [invalid(path, minDomains, detail)]),
  ];
}

/** Kubernetes, "Pod Topology Spread Constraints". The earlier of two constraints of one kind is the one with the finding. */
export function checkSpread(path: string, { topologySpreadConstraints = [] }: PodSpec): FieldError[] {
  return topologySpreadConstraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', labelSelector } = constraint;
    const later = topologySpreadConstraints.slice(index + 1);
    const twice = later.some((c) => c.topologyKey === topologyKey && c.whenUnsatisfiable === whenUnsatisfiable);
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    return [
      ...(maxSkew > 0 ? [] : [invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero')]),
      ...(topologyKey ? [] : [required(`${at}.topologyKey`, 'can not be empty')]),
      ...checkEnum(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ACTIONS),
      ...(twice ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair)] : []),
      ...checkMinDomains(`${at}.minDomains`, constraint),
      ...checkEnum(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, POLICIES),
      ...checkEnum(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, POLICIES),
      ...checkMatchKeys(at, constraint),
      ...checkLabelSelector(`${at}.labelSelector`, labelSelector),
    ];
  });
}
