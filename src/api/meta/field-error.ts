import { goQuote } from '../../base/go-escapes.ts';
import { goNumber } from './go-number.ts';
import { ApiError } from './status.ts';

/** Kinds of field errors and how upstream words them (apimachinery, util/validation/field). */
const WORDING = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueNotFound: 'Not found',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTooFew: 'Too few',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
} as const;

export type FieldErrorReason = keyof typeof WORDING;

/** One finding about one field. `path` is written as upstream writes it: `spec.containers[0].ports[1].name`. */
export interface FieldError {
  readonly reason: FieldErrorReason;
  readonly path: string;
  /** `Invalid value: "x": must be …`: the text after the path. */
  readonly message: string;
}

/** As upstream prints one: `spec.x: Required value`. */
export const fieldErrorText = ({ path, message }: FieldError): string => `${path}: ${message}`;

/** Says nothing of the value: upstream leaves out what would be long or misleading. */
export const OMIT_VALUE = Symbol('omit value');

/** Text as Go quotes it, anything else as Go's encoder writes it: it escapes what could be read as HTML. */
const show = (value: unknown) => {
  if (value === OMIT_VALUE) return '';
  if (value === undefined) return 'null';
  if (typeof value === 'number') return goNumber(value);
  if (typeof value === 'string') return goQuote(value);
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
};
/** A text that upstream holds a pointer to, which is why it shows it as its encoder writes it. */
export const pointedAt = (text: string) => ({ toJSON: () => text });
const join = (reason: FieldErrorReason, ...rest: string[]) => [WORDING[reason], ...rest.filter(Boolean)].join(': ');

export const required = (path: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  path,
  message: join('FieldValueRequired', detail),
});
export const invalid = (path: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  path,
  message: join('FieldValueInvalid', show(value), detail),
});
export const duplicate = (path: string, value: unknown, detail = ''): FieldError => ({
  reason: 'FieldValueDuplicate',
  path,
  message: join('FieldValueDuplicate', show(value), detail),
});
export const forbidden = (path: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  path,
  message: join('FieldValueForbidden', detail),
});
/** Whether the field may be what it is could not be found out. */
export const internalError = (path: string, why: string): FieldError => ({
  reason: 'InternalError',
  path,
  message: join('InternalError', why),
});
export const notFoundValue = (path: string, value: unknown, detail = ''): FieldError => ({
  reason: 'FieldValueNotFound',
  path,
  message: join('FieldValueNotFound', show(value), detail),
});
export const notSupported = (path: string, value: unknown, supported: readonly string[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  path,
  message: `${join('FieldValueNotSupported', show(value))}: supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}`,
});
export const tooLong = (path: string, limit: number): FieldError => ({
  reason: 'FieldValueTooLong',
  path,
  message: `${WORDING.FieldValueTooLong}: may not be more than ${limit} byte${limit === 1 ? '' : 's'}`,
});

export const tooMany = (path: string, count: number, limit: number): FieldError => ({
  reason: 'FieldValueTooMany',
  path,
  message: `${WORDING.FieldValueTooMany}: ${count}: must have at most ${limit} item${limit === 1 ? '' : 's'}`,
});

/** 422 Invalid as upstream words it: `Pod "x" is invalid: spec.containers: Required value`. */
export function invalidObject(kind: string, group: string, name: string, errors: readonly FieldError[]): ApiError {
  const lines = [...new Set(errors.map(fieldErrorText))];
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  return new ApiError('Invalid', `${group ? `${kind}.${group}` : kind} "${name}" is invalid: ${text}`, {
    details: {
      ...(name && { name }),
      ...(group && { group }),
      ...(kind && { kind }),
      causes: errors.map((e) => ({ reason: e.reason, message: e.message, field: e.path })),
    },
  });
}
