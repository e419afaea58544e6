import { CelError, compileCel, DYN, mapOf, objectType, STRING, showType } from '../cel/index.ts';
import { type FieldError, forbidden, invalid, tooLong } from '../meta/field-error.ts';

const MAX_EXPRESSION_LENGTH = 10 * 1024;
const MAX_COST = 1_000_000;

/** `device`: one device as a selector sees it (Kubernetes: Dynamic Resource Allocation; dynamic-resource-allocation/cel). */
const DEVICE = objectType('DRADevice', {
  driver: STRING,
  attributes: mapOf(STRING, mapOf(STRING, DYN)),
  capacity: mapOf(STRING, mapOf(STRING, DYN)),
  allowMultipleAllocations: DYN,
});
const ENVIRONMENT = { variables: { device: DEVICE } } as const;

/** What is wrong with an expression that chooses devices. */
export function selectorFinding(path: string, expression: string): FieldError[] {
  if (expression.length > MAX_EXPRESSION_LENGTH) return [tooLong(path, MAX_EXPRESSION_LENGTH)];
  try {
    const { type, estimatedCost } = compileCel(expression, ENVIRONMENT);
    const is = showType(type);
    if (is !== 'bool' && is !== 'dyn') return [invalid(path, expression, `must evaluate to bool or the unknown type, not ${is}`)];
    return estimatedCost > MAX_COST ? [forbidden(path, 'too complex, exceeds cost limit')] : [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return [invalid(path, expression, `compilation failed: ${error.message}`)];
  }
}
