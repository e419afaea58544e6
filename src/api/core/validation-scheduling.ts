import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings, labelValueFindings } from '../meta/names.ts';
import { checkEnum, checkLabelSelector, checkQualifiedName, found } from '../meta/validation.ts';
import type {
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Taint,
  Toleration,
  WeightedPodAffinityTerm,
} from '../schema/generated/types.ts';

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkTolerations(path: string, tolerations: readonly Toleration[] | undefined): FieldError[] {
  return (tolerations ?? []).flatMap((toleration, index) => checkToleration(`${path}[${index}]`, toleration));
}

const OPERATORS = ['Equal', 'Exists'];
/** Known, but off by default (TaintTolerationComparisonOperators). */
const COMPARISONS = ['Lt', 'Gt'];

function checkToleration(at: string, { key, operator = '', value = '', effect = '', tolerationSeconds }: Toleration): FieldError[] {
  const errors = key ? checkQualifiedName(`${at}.key`, key) : [];
  if (!key && operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalid(`${at}.operator`, operator, detail));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  if (operator === 'Exists') {
    if (value) errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
  } else if (operator === '' || operator === 'Equal') {
    const findings = labelValueFindings(value);
    if (findings.length > 0) errors.push(invalid(`${at}.operator`, value, findings.join(';')));
  } else errors.push(notSupported(`${at}.operator`, operator, COMPARISONS.includes(operator) ? [...OPERATORS, ...COMPARISONS] : OPERATORS));
  return effect ? [...errors, ...checkEnum(`${at}.effect`, effect, TAINT_EFFECTS)] : errors;
}

/** A node's taints: unique by key and effect. */
export function checkTaints(path: string, taints: readonly Taint[] | undefined): FieldError[] {
  const seen = new Set<string>();
  return (taints ?? []).flatMap(({ key = '', value = '', effect = '', timeAdded = null }, index) => {
    const at = `${path}[${index}]`;
    const findings = labelValueFindings(value);
    const errors = [
      ...checkQualifiedName(`${at}.key`, key),
      ...(findings.length > 0 ? [invalid(`${at}.value`, value, findings.join(';'))] : []),
      ...(effect ? checkEnum(`${at}.effect`, effect, TAINT_EFFECTS) : [required(`${at}.effect`)]),
    ];
    const id = `${key}/${effect}`;
    const shown = { Key: key, Value: value, Effect: effect, TimeAdded: timeAdded };
    if (seen.has(id)) errors.push(duplicate(at, shown, 'taints must be unique by key and effect pair'));
    seen.add(id);
    return errors;
  });
}

function operandFindings(at: string, { operator, values = [] }: NodeSelectorRequirement): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? [] : [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0 ? [] : [forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      return values.length === 1 ? [] : [required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}

function checkExpression(at: string, requirement: NodeSelectorRequirement, anyValue: boolean): FieldError[] {
  const { key = '', values = [] } = requirement;
  return [
    ...operandFindings(at, requirement),
    ...checkQualifiedName(`${at}.key`, key),
    ...(anyValue ? [] : values.flatMap((value, i) => found(`${at}.values[${i}]`, value, labelValueFindings(value)))),
  ];
}

/** Fields of nodes: the name is the only one. */
function checkField(at: string, { key = '', operator, values = [] }: NodeSelectorRequirement): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'));
  } else if (values.length !== 1) {
    errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  }
  if (key !== 'metadata.name') return [...errors, invalid(`${at}.key`, key, 'not a valid field selector key')];
  return [...errors, ...values.flatMap((value, i) => found(`${at}.values[${i}]`, value, dns1123SubdomainFindings(value)))];
}

/** `anyValue`: wishes may name values that no label can have; demands may not. */
const checkTerm = (path: string, { matchExpressions, matchFields }: NodeSelectorTerm, anyValue: boolean): FieldError[] => [
  ...(matchExpressions ?? []).flatMap((requirement, i) => checkExpression(`${path}.matchExpressions[${i}]`, requirement, anyValue)),
  ...(matchFields ?? []).flatMap((requirement, i) => checkField(`${path}.matchFields[${i}]`, requirement)),
];

export function checkNodeSelector(path: string, { nodeSelectorTerms }: NodeSelector): FieldError[] {
  const at = `${path}.nodeSelectorTerms`;
  if (!nodeSelectorTerms?.length) return [required(at, 'must have at least one node selector term')];
  return nodeSelectorTerms.flatMap((term, i) => checkTerm(`${at}[${i}]`, term, false));
}

const HARD = 'requiredDuringSchedulingIgnoredDuringExecution';
const SOFT = 'preferredDuringSchedulingIgnoredDuringExecution';

const checkWeight = (path: string, weight = 0): FieldError[] =>
  weight >= 1 && weight <= 100 ? [] : [invalid(path, weight, 'must be in the range 1-100')];

function checkNodeAffinity(path: string, { [HARD]: hard, [SOFT]: soft }: NodeAffinity): FieldError[] {
  return [
    ...(hard ? checkNodeSelector(`${path}.${HARD}`, hard) : []),
    ...(soft ?? []).flatMap(({ weight, preference }, i) => [
      ...checkWeight(`${path}.${SOFT}[${i}].weight`, weight),
      ...checkTerm(`${path}.${SOFT}[${i}].preference`, preference ?? {}, true),
    ]),
  ];
}

type LabelKeys = Pick<PodAffinityTerm, 'labelSelector' | 'matchLabelKeys' | 'mismatchLabelKeys'>;

function checkLabelKeys(path: string, keys: readonly string[] | undefined, selector: object | undefined): FieldError[] {
  if (!keys?.length) return [];
  if (!selector) return [forbidden(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((key, i) => checkQualifiedName(`${path}[${i}]`, key));
}

/** matchLabelKeys become part of the selector when the pod is made: a key that is there twice means that the author wrote it as well. */
function checkKeysOnce(path: string, { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: LabelKeys): FieldError[] {
  const errors: FieldError[] = [];
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys.lastIndexOf(key);
    if (index >= 0 && selected.has(key)) errors.push(invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    selected.add(key);
  }
  for (const [index, key] of matchLabelKeys.entries()) {
    if (!mismatchLabelKeys.includes(key)) continue;
    errors.push(invalid(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  }
  return errors;
}

export const checkMatchKeys = (path: string, term: LabelKeys): FieldError[] => [
  ...checkLabelKeys(`${path}.matchLabelKeys`, term.matchLabelKeys, term.labelSelector),
  ...checkLabelKeys(`${path}.mismatchLabelKeys`, term.mismatchLabelKeys, term.labelSelector),
  ...checkKeysOnce(path, term),
];

const checkPodTerm = (path: string, term: PodAffinityTerm): FieldError[] => [
  ...checkLabelSelector(`${path}.labelSelector`, term.labelSelector),
  ...checkLabelSelector(`${path}.namespaceSelector`, term.namespaceSelector),
  ...(term.namespaces ?? []).flatMap((name) => found(`${path}.namespace`, name, dns1123LabelFindings(name))),
  ...checkMatchKeys(path, term),
  ...(term.topologyKey ? [] : [required(`${path}.topologyKey`, 'can not be empty')]),
  ...checkQualifiedName(`${path}.topologyKey`, term.topologyKey ?? ''),
];

interface PodTerms {
  readonly [HARD]?: PodAffinityTerm[];
  readonly [SOFT]?: WeightedPodAffinityTerm[];
}

function checkPodAffinity(path: string, { [HARD]: hard, [SOFT]: soft }: PodTerms): FieldError[] {
  return [
    ...(hard ?? []).flatMap((term, i) => checkPodTerm(`${path}.${HARD}[${i}]`, term)),
    ...(soft ?? []).flatMap(({ weight, podAffinityTerm }, i) => [
      ...checkWeight(`${path}.${SOFT}[${i}].weight`, weight),
      ...checkPodTerm(`${path}.${SOFT}[${i}].podAffinityTerm`, podAffinityTerm ?? {}),
    ]),
  ];
}

export function checkAffinity(path: string, affinity: PodSpec['affinity']): FieldError[] {
  if (!affinity) return [];
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  return [
    ...(nodeAffinity ? checkNodeAffinity(`${path}.nodeAffinity`, nodeAffinity) : []),
    ...(podAffinity ? checkPodAffinity(`${path}.podAffinity`, podAffinity) : []),
    ...(podAntiAffinity ? checkPodAffinity(`${path}.podAntiAffinity`, podAntiAffinity) : []),
  ];
}

export function checkSchedulingGates(path: string, gates: PodSpec['schedulingGates']): FieldError[] {
  const seen = new Set<string>();
  return (gates ?? []).flatMap(({ name = '' }, index) => {
    const errors = checkQualifiedName(`${path}[${index}]`, name);
    if (seen.has(name)) errors.push(duplicate(`${path}[${index}]`, name));
    seen.add(name);
    return errors;
  });
}
