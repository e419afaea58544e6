import { type FieldError, invalid } from '../meta/field-error.ts';
import { checkNonNegative } from '../meta/validation.ts';
import type { Lease } from '../schema/generated/types.ts';

export function checkLease({ spec }: Lease): FieldError[] {
  const errors = checkNonNegative('spec.leaseTransitions', spec?.leaseTransitions);
  if (spec?.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
    errors.push(invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'));
  }
  return errors;
}
