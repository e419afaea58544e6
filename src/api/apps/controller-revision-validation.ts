import { type FieldError, required } from '../meta/field-error.ts';
import { checkImmutable, checkNonNegative } from '../meta/validation.ts';
import type { ControllerRevision } from '../schema/generated/types.ts';

export const checkControllerRevision = ({ data, revision }: ControllerRevision): FieldError[] => [
  ...(data === undefined || data === null ? [required('data', 'data is mandatory')] : []),
  ...checkNonNegative('revision', revision),
];

export const checkControllerRevisionUpdate = (value: ControllerRevision, old: ControllerRevision): FieldError[] =>
  checkImmutable('data', value.data, old.data);
