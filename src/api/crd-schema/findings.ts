import { type FieldError, invalid, notSupported, required, tooLong, tooMany } from '../meta/field-error.ts';

/** Findings about no field in particular carry Go's word for no path. */
export const NO_PATH = '<nil>';

/** What a walk found, and how far it came: of several alternatives the one that fits best explains itself. */
export interface Outcome {
  readonly errors: FieldError[];
  matches: number;
}

const pathOf = (path: string): string => path || NO_PATH;

/**
 * The findings of a schema about a value at a path, in the words of upstream's validator (k8s.io/kube-openapi, validation/errors), as the API server turns them into
 * field errors.
 */
export const findings = {
  type: (path: string, wanted: string, value: string): FieldError => ({
    ...invalid(pathOf(path), value, `${path} in body must be of type ${wanted}: ${JSON.stringify(value)}`),
    reason: 'FieldValueTypeInvalid',
  }),
  required: (path: string, name: string): FieldError => required(path ? `${path}.${name}` : name),
  enum: (path: string, value: unknown, allowed: readonly unknown[]): FieldError =>
    notSupported(
      pathOf(path),
      value ?? null,
      allowed.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))),
    ),
  tooLong: (path: string, limit: number): FieldError => tooLong(pathOf(path), limit),
  tooMany: (path: string, actual: number, limit: number): FieldError => tooMany(pathOf(path), actual, limit),
  /** `should be …` about a value. */
  should: (path: string, value: unknown, rest: string): FieldError => invalid(pathOf(path), value, `${path} in body should ${rest}`),
  duplicates: (path: string): FieldError => invalid(pathOf(path), '', `${path} in body shouldn't contain duplicates`),
  notAllowed: (path: string, key: string): FieldError => invalid(pathOf(path), key, `${path}.${key} in body is a forbidden property`),
  /** About the value as a whole; upstream gives neither field nor value. */
  whole: (text: string): FieldError => invalid(NO_PATH, '', text),
} as const;
