import type { Condition } from '../schema/generated/types.ts';
import { duplicate, type FieldError, invalid, notSupported, required, tooLong } from './field-error.ts';
import { checkQualifiedName, utf8Bytes } from './validation.ts';

const STATUSES = ['False', 'True', 'Unknown'];
const MAX_REASON_BYTES = 1024;
const MAX_MESSAGE_BYTES = 32 * 1024;
const REASON_FORMAT = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON = new RegExp(`^${REASON_FORMAT}$`);
const REASON_FINDING =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' " +
  `(e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON_FORMAT}')`;

function checkReason(path: string, reason: string | undefined): FieldError[] {
  if (!reason) return [required(path)];
  return [
    ...(REASON.test(reason) ? [] : [invalid(path, reason, REASON_FINDING)]),
    ...(utf8Bytes(reason) > MAX_REASON_BYTES ? [tooLong(path, MAX_REASON_BYTES)] : []),
  ];
}

function checkCondition(path: string, condition: Partial<Condition>): FieldError[] {
  const { type = '', status = '', observedGeneration, lastTransitionTime, reason, message = '' } = condition;
  return [
    ...checkQualifiedName(`${path}.type`, type),
    ...(STATUSES.includes(status) ? [] : [notSupported(`${path}.status`, status, STATUSES)]),
    ...((observedGeneration ?? 0) < 0
      ? [invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero')]
      : []),
    ...(lastTransitionTime ? [] : [required(`${path}.lastTransitionTime`)]),
    ...checkReason(`${path}.reason`, reason),
    ...(utf8Bytes(message) > MAX_MESSAGE_BYTES ? [tooLong(`${path}.message`, MAX_MESSAGE_BYTES)] : []),
  ];
}

/** The conditions of meta/v1, of which anything may be missing (apimachinery, meta/v1 validation). */
export const checkConditions = (path: string, conditions: readonly Partial<Condition>[] = []): FieldError[] =>
  conditions.flatMap((condition, i) => [
    ...(conditions.findIndex(({ type }) => type === condition.type) < i ? [duplicate(`${path}[${i}].type`, condition.type ?? '')] : []),
    ...checkCondition(`${path}[${i}]`, condition),
  ]);

export const isConditionTrue = (conditions: readonly Pick<Condition, 'type' | 'status'>[] | undefined, type: string): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
