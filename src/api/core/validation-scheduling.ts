import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { checkEnum, checkLabelSelector, checkLabels, checkQualifiedName, checkRange } from '../meta/validation.ts';
import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Taint,
  Toleration,
  WeightedPodAffinityTerm,
} from '../schema/generated/types.ts';

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const NODE_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

export function checkTolerations(path: string, tolerations: readonly Toleration[] | undefined): FieldError[] {
  return (tolerations ?? []).flatMap((toleration, index) => checkToleration(`${path}[${index}]`, toleration));
}

function checkToleration(at: string, toleration: Toleration): FieldError[] {
  const { key, operator, value, effect, tolerationSeconds } = toleration;
  const errors = key ? checkQualifiedName(`${at}.key`, key) : [];
  if (!key && operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalid(`${at}.operator`, operator ?? '', detail));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(invalid(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  if (operator === 'Exists' && value) errors.push(invalid(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
  if (operator) errors.push(...checkEnum(`${at}.operator`, operator, ['Equal', 'Exists']));
  return effect ? [...errors, ...checkEnum(`${at}.effect`, effect, TAINT_EFFECTS)] : errors;
}

/** A node's taints: unique by key and effect. */
export function checkTaints(path: string, taints: readonly Taint[] | undefined): FieldError[] {
  const seen = new Set<string>();
  return (taints ?? []).flatMap((taint, index) => {
    const at = `${path}[${index}]`;
    const errors = [...checkQualifiedName(`${at}.key`, taint.key), ...checkEnum(`${at}.effect`, taint.effect, TAINT_EFFECTS)];
    const id = `${taint.key}/${taint.effect}`;
    if (seen.has(id))
      errors.push({ ...duplicate(at, taint), message: `${duplicate(at, taint).message}: taints must be unique by key and effect pair` });
    seen.add(id);
    return errors;
  });
}

function checkRequirement(at: string, { key, operator, values = [] }: NodeSelectorRequirement): FieldError[] {
  const errors = checkQualifiedName(`${at}.key`, key);
  if (!NODE_OPERATORS.includes(operator)) errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'));
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  if ((operator === 'Gt' || operator === 'Lt') && values.length !== 1) {
    errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  }
  return errors;
}

const checkTerm = (path: string, { matchExpressions = [] }: NodeSelectorTerm): FieldError[] =>
  matchExpressions.flatMap((requirement, index) => checkRequirement(`${path}.matchExpressions[${index}]`, requirement));

function checkNodeAffinity(path: string, affinity: Affinity['nodeAffinity']): FieldError[] {
  const hard = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const soft = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const hardPath = `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  const errors =
    hard && !hard.nodeSelectorTerms?.length ? [required(hardPath, 'must have at least one node selector term')] : ([] as FieldError[]);
  for (const [index, term] of (hard?.nodeSelectorTerms ?? []).entries()) errors.push(...checkTerm(`${hardPath}[${index}]`, term));
  for (const [index, { weight, preference }] of soft.entries()) {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    errors.push(...checkWeight(`${at}.weight`, weight), ...checkTerm(`${at}.preference`, preference));
  }
  return errors;
}

const checkWeight = (path: string, weight: number): FieldError[] =>
  weight >= 1 && weight <= 100 ? [] : [invalid(path, weight, 'must be in the range 1-100')];

interface PodTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[];
}

const checkPodTerm = (path: string, term: PodAffinityTerm): FieldError[] => [
  ...checkLabelSelector(`${path}.labelSelector`, term.labelSelector),
  ...checkLabelSelector(`${path}.namespaceSelector`, term.namespaceSelector),
  ...(term.topologyKey
    ? checkQualifiedName(`${path}.topologyKey`, term.topologyKey)
    : [required(`${path}.topologyKey`, 'can not be empty')]),
];

function checkPodAffinity(path: string, terms: PodTerms | undefined): FieldError[] {
  const hard = terms?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const soft = terms?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...hard.flatMap((term, i) => checkPodTerm(`${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, term)),
    ...soft.flatMap(({ weight, podAffinityTerm }, i) => {
      const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
      return [...checkWeight(`${at}.weight`, weight), ...checkPodTerm(`${at}.podAffinityTerm`, podAffinityTerm)];
    }),
  ];
}

function checkSpread(path: string, { topologySpreadConstraints = [] }: PodSpec): FieldError[] {
  const seen = new Set<string>();
  return topologySpreadConstraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable } = constraint;
    const errors = checkEnum(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']);
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    return [...errors, ...checkLabelSelector(`${at}.labelSelector`, constraint.labelSelector)];
  });
}

function checkGates(path: string, { schedulingGates = [], nodeName }: PodSpec): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, { name }] of schedulingGates.entries()) {
    errors.push(...checkQualifiedName(`${path}.schedulingGates[${index}]`, name));
    if (seen.has(name)) errors.push(duplicate(`${path}.schedulingGates[${index}]`, name));
    seen.add(name);
  }
  if (schedulingGates.length > 0 && nodeName) {
    errors.push(forbidden(`${path}.nodeName`, 'cannot be set until all schedulingGates have been cleared'));
  }
  return errors;
}

/** Everything in a pod spec that says where the pod may go. */
export function checkPlacement(path: string, spec: PodSpec): FieldError[] {
  const { affinity } = spec;
  const policy = spec.preemptionPolicy;
  return [
    ...checkLabels(`${path}.nodeSelector`, spec.nodeSelector),
    ...checkTolerations(`${path}.tolerations`, spec.tolerations),
    ...checkNodeAffinity(`${path}.affinity.nodeAffinity`, affinity?.nodeAffinity),
    ...checkPodAffinity(`${path}.affinity.podAffinity`, affinity?.podAffinity),
    ...checkPodAffinity(`${path}.affinity.podAntiAffinity`, affinity?.podAntiAffinity),
    ...checkSpread(`${path}.topologySpreadConstraints`, spec),
    ...checkGates(path, spec),
    ...(policy !== undefined && !['PreemptLowerPriority', 'Never'].includes(policy)
      ? [notSupported(`${path}.preemptionPolicy`, policy, ['PreemptLowerPriority', 'Never'])]
      : checkRange(`${path}.priority`, spec.priority, -2_147_483_648, 2_147_483_647)),
  ];
}
