import { type CelEnvironment, CelError, type CelProgram, compileCel } from '../cel/index.ts';
import { duplicate, type FieldError, internalError, invalid, required } from '../meta/field-error.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import type { MatchCondition } from '../schema/generated/types.ts';

const MAX_MATCH_CONDITIONS = 64;

/** Why an expression is none. `internal`: it is one, and cannot be made ready to run. */
export interface Uncompiled {
  readonly error: string;
  readonly internal: boolean;
}

/** An expression with its types, or why it is none: `compilation failed: ERROR: …`. */
export function tryCompile(expression: string, environment: CelEnvironment): CelProgram | Uncompiled {
  try {
    return compileCel(expression, environment);
  } catch (e) {
    if (!(e instanceof CelError)) throw e;
    if (e.reason === 'type') return { error: e.message, internal: false };
    const internal = e.reason !== 'compile';
    return { error: `${internal ? 'program instantiation' : 'compilation'} failed: ${e.message}`, internal };
  }
}

export const compilationFinding = (path: string, expression: string | undefined, { error, internal }: Uncompiled): FieldError =>
  internal ? internalError(path, error) : invalid(path, expression, error);

/** An expression that may not be empty and must compile. */
export function checkExpression(path: string, expression: string | undefined, environment: CelEnvironment, missing = ''): FieldError[] {
  const trimmed = expression?.trim();
  if (!trimmed) return [required(path, missing)];
  const compiled = tryCompile(trimmed, environment);
  return 'error' in compiled ? [compilationFinding(path, expression, compiled)] : [];
}

/** Of webhooks and of admission policies (kubernetes, admissionregistration/validation). */
export function checkMatchConditions(path: string, conditions: readonly MatchCondition[], environment: CelEnvironment): FieldError[] {
  const errors: FieldError[] = [];
  if (conditions.length > MAX_MATCH_CONDITIONS) {
    const message = `Too many: ${conditions.length}: must have at most ${MAX_MATCH_CONDITIONS} items`;
    errors.push({ reason: 'FieldValueTooMany', path, message });
  }
  for (const [i, { name, expression }] of conditions.entries()) {
    const at = `${path}[${i}]`;
    errors.push(...checkExpression(`${at}.expression`, expression, environment));
    if (!name) errors.push(required(`${at}.name`));
    else errors.push(...checkQualifiedName(`${at}.name`, name));
    if (name && conditions.findIndex((each) => each.name === name) < i) errors.push(duplicate(`${at}.name`, name));
  }
  return errors;
}
