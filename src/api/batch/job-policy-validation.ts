import { duplicate, type FieldError, invalid, OMIT_VALUE, required, tooLong, tooMany } from '../meta/field-error.ts';
import { checkEnum, checkNonNegative, checkQualifiedName } from '../meta/validation.ts';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../schema/generated/types.ts';

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_PATTERNS = 20;
const MAX_INDEXES_BYTES = 64 * 1024;

const oneOf = (values: readonly string[]) => `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
const checkGiven = (path: string, value: string | undefined, values: readonly string[]): FieldError[] =>
  value ? checkEnum(path, value, values) : [required(path, oneOf(values))];

function checkExitCodes(path: string, codes: PodFailurePolicyOnExitCodesRequirement, names: ReadonlySet<string>): FieldError[] {
  const { operator, containerName, values = [] } = codes;
  const errors = checkGiven(`${path}.operator`, operator, OPERATORS);
  if (containerName !== undefined && !names.has(containerName)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalid(`${path}.containerName`, containerName, detail));
  }
  if (values.length === 0) errors.push(invalid(`${path}.values`, null, 'at least one value is required'));
  else if (values.length > MAX_EXIT_CODES) errors.push(tooMany(`${path}.values`, values.length, MAX_EXIT_CODES));
  const seen = new Set<number>();
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) errors.push(invalid(`${path}.values[${i}]`, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(`${path}.values[${i}]`, value));
    seen.add(value);
  }
  const ordered = values.every((value, i) => i === 0 || (values[i - 1] ?? 0) <= value);
  return ordered ? errors : [...errors, invalid(`${path}.values`, values, 'must be ordered')];
}

function checkConditions(path: string, patterns: readonly PodFailurePolicyOnPodConditionsPattern[]): FieldError[] {
  return [
    ...(patterns.length > MAX_PATTERNS ? [tooMany(path, patterns.length, MAX_PATTERNS)] : []),
    ...patterns.flatMap(({ type = '', status }, i) => [
      ...checkQualifiedName(`${path}[${i}].type`, type),
      ...checkGiven(`${path}[${i}].status`, status, STATUSES),
    ]),
  ];
}

function checkFailureRule(at: string, rule: PodFailurePolicyRule, spec: JobSpec, names: ReadonlySet<string>): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors = checkGiven(`${at}.action`, action, ACTIONS);
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  }
  if (onExitCodes) errors.push(...checkExitCodes(`${at}.onExitCodes`, onExitCodes, names));
  errors.push(...checkConditions(`${at}.onPodConditions`, onPodConditions));
  if (onExitCodes && onPodConditions.length > 0) {
    errors.push(invalid(at, OMIT_VALUE, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  }
  if (onExitCodes || onPodConditions.length > 0) return errors;
  return [...errors, invalid(at, OMIT_VALUE, 'specifying one of OnExitCodes and OnPodConditions is required')];
}

/** Kubernetes, "Pod failure policy". */
export function checkFailurePolicy(path: string, spec: JobSpec): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  return [
    ...(rules.length > MAX_RULES ? [tooMany(`${path}.rules`, rules.length, MAX_RULES)] : []),
    ...rules.flatMap((rule, i) => checkFailureRule(`${path}.rules[${i}]`, rule, spec, names)),
  ];
}

function parseInterval(text: string, completions: number): [number, number] | string {
  const parts = text.split('-');
  if (parts.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  const limits: number[] = [];
  for (const part of parts) {
    if (!/^[+-]?\d+$/.test(part)) return `cannot convert string to integer for index: ${JSON.stringify(part)}`;
    if (Number(part) >= completions) return `too large index: ${JSON.stringify(part)}`;
    limits.push(Number(part));
  }
  const [first = 0, last = first] = limits;
  return parts.length === 2 && first >= last ? `non-increasing order, previous: ${first}, current: ${last}` : [first, last];
}

/** `1,3-5,7`: how many indexes that names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  let [total, previous] = [0, -1];
  for (const fragment of text === '' ? [] : text.split(',')) {
    const interval = parseInterval(fragment, completions);
    if (typeof interval === 'string') return interval;
    const [first, last] = interval;
    if (total > 0 && previous >= first) return `non-increasing order, previous: ${previous}, current: ${first}`;
    total += last - first + 1;
    previous = last;
  }
  return total;
}

/** The first index that both lists name. What is wrong in either is passed over: that is told elsewhere. */
export function firstCommonIndex(one: string, other: string, completions: number): number | undefined {
  const intervals = (text: string) =>
    text.split(',').flatMap((fragment): (readonly [number, number])[] => {
      const interval = parseInterval(fragment, completions);
      return typeof interval === 'string' ? [] : [interval];
    });
  const [a, b] = [intervals(one), intervals(other)];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [first = 0, last = 0] = a[i] ?? [];
    const [otherFirst = 0, otherLast = 0] = b[j] ?? [];
    if (first <= otherLast && otherFirst <= last) return Math.max(first, otherFirst);
    if (first <= otherFirst) i += 1;
    else j += 1;
  }
  return undefined;
}

function checkSuccessRule(at: string, { succeededIndexes, succeededCount }: SuccessPolicyRule, completions: number): FieldError[] {
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined) {
    errors.push(required(at, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  const path = `${at}.succeededIndexes`;
  if ((succeededIndexes ?? '').length > MAX_INDEXES_BYTES) errors.push(tooLong(path, MAX_INDEXES_BYTES));
  const count = countIndexes(succeededIndexes ?? '', completions);
  if (typeof count === 'string') errors.push(invalid(path, succeededIndexes, `error parsing succeededIndexes: ${count}`));
  if (succeededCount === undefined) return errors;
  const most = (limit: number, of: string) =>
    succeededCount > limit
      ? [invalid(`${at}.succeededCount`, succeededCount, `must be less than or equal to ${limit} (the number of ${of})`)]
      : [];
  const indexes = typeof count === 'string' ? 0 : count;
  return [
    ...errors,
    ...checkNonNegative(`${at}.succeededCount`, succeededCount),
    ...most(completions, 'specified completions'),
    ...(succeededIndexes === undefined ? [] : most(indexes, 'indexes in the specified succeededIndexes field')),
  ];
}

/** Kubernetes, "Success policy". */
export function checkSuccessPolicy(path: string, { successPolicy, completions = 0 }: JobSpec): FieldError[] {
  const rules = successPolicy?.rules ?? [];
  const at = `${path}.rules`;
  return [
    ...(rules.length > 0 ? [] : [required(at, 'at least one rules must be specified when the successPolicy is specified')]),
    ...(rules.length > MAX_RULES ? [tooMany(at, rules.length, MAX_RULES)] : []),
    ...rules.flatMap((rule, i) => checkSuccessRule(`${at}[${i}]`, rule, completions)),
  ];
}
