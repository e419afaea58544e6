import { type FieldError, forbidden, required } from '../meta/field-error.ts';
import { checkEnum, checkImmutable } from '../meta/validation.ts';
import type { PriorityClass } from '../schema/generated/types.ts';

const HIGHEST_USER_PRIORITY = 1_000_000_000;
const SYSTEM_PREFIX = 'system-';
/** The only names under the prefix, with the only values that they may have. */
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

/** undefined: it is one of the system's own, as that is. */
function differenceFromSystem(name: string, { value = 0, globalDefault = false }: PriorityClass): string | undefined {
  const known = SYSTEM_CLASSES[name];
  if (known === undefined) return `${name} is not a known system priority class`;
  if (known !== value) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function checkValue(priorityClass: PriorityClass): FieldError[] {
  const { metadata, value = 0 } = priorityClass;
  const name = metadata?.name ?? '';
  if (name.startsWith(SYSTEM_PREFIX)) {
    const difference = differenceFromSystem(name, priorityClass);
    const detail = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${difference}`;
    return difference === undefined ? [] : [forbidden('metadata.name', detail)];
  }
  if (value <= HIGHEST_USER_PRIORITY) return [];
  return [forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`)];
}

export const checkPriorityClass = (priorityClass: PriorityClass): FieldError[] => [
  ...checkValue(priorityClass),
  ...(priorityClass.preemptionPolicy === ''
    ? [required('preemptionPolicy')]
    : checkEnum('preemptionPolicy', priorityClass.preemptionPolicy, ['PreemptLowerPriority', 'Never'])),
];

/** Pods carry the number, not the name: a class that changed would lie about those that exist. */
export function checkPriorityClassUpdate(value: PriorityClass, old: PriorityClass): FieldError[] {
  const errors = (value.value ?? 0) === (old.value ?? 0) ? [] : [forbidden('value', 'may not be changed in an update.')];
  return [...errors, ...checkImmutable('preemptionPolicy', value.preemptionPolicy, old.preemptionPolicy)];
}
