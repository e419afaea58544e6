import { type FieldError, required } from '../meta/field-error.ts';
import { checkImmutable, checkNonNegative } from '../meta/validation.ts';
import type { ControllerRevision } from '../schema/generated/types.ts';

export const checkControllerRevision = ({ revision }: ControllerRevision): FieldError[] => checkNonNegative('revision', revision);

export function checkNewControllerRevision({ data }: ControllerRevision): FieldError[] {
  if (data === undefined || data === null) return [required('data', 'data is mandatory')];
  return typeof data === 'object' && !Array.isArray(data) ? [] : [required('data', 'data must be a valid JSON object')];
}

export const checkControllerRevisionUpdate = (value: ControllerRevision, old: ControllerRevision): FieldError[] =>
  checkImmutable('data', value.data, old.data);
