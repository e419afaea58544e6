import { type FieldError, forbidden } from '../meta/field-error.ts';
import { checkEnum } from '../meta/validation.ts';
import type { PriorityClass } from '../schema/generated/types.ts';

const HIGHEST_USER_PRIORITY = 1_000_000_000;
const SYSTEM_PREFIX = 'system-';
/** The only names under the prefix, with the only values that they may have. */
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

export function checkPriorityClass({ metadata, value = 0, preemptionPolicy }: PriorityClass): FieldError[] {
  const name = metadata?.name ?? '';
  const errors = checkEnum('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  if (name.startsWith(SYSTEM_PREFIX)) {
    if (SYSTEM_CLASSES[name] === value) return errors;
    const detail = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only`;
    return [...errors, forbidden('metadata.name', detail)];
  }
  if (value <= HIGHEST_USER_PRIORITY) return errors;
  return [...errors, forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`)];
}

/** Pods carry the number, not the name: a class that changed would lie about those that exist. */
export function checkPriorityClassUpdate(value: PriorityClass, old: PriorityClass): FieldError[] {
  const errors = (value.value ?? 0) === (old.value ?? 0) ? [] : [forbidden('value', 'may not be changed in an update.')];
  const policy = (pc: PriorityClass) => pc.preemptionPolicy ?? 'PreemptLowerPriority';
  return policy(value) === policy(old) ? errors : [...errors, forbidden('preemptionPolicy', 'may not be changed in an update.')];
}
