import {
  BOOL,
  type CelEnvironment,
  CelError,
  type CelType,
  compileCel,
  type DeclaredSizes,
  DYN,
  mapOf,
  namedType,
  objectType,
  STRING,
  showType,
} from '../cel/index.ts';
import { type FieldError, forbidden, invalid, tooLong } from '../meta/field-error.ts';

const MAX_EXPRESSION_LENGTH = 10 * 1024;
const MAX_COST = 1_000_000;

/** Bounds of the API's names, which bound what an expression can cost (k8s.io/api/resource/v1). */
const MAX_DOMAIN = 63;
const MAX_ID = 32;
const MAX_ENTRIES = 32;

const MAX_VALUE = 64;

const byDomain = (value: CelType) => mapOf(STRING, mapOf(STRING, value));
const sizesByDomain = (value: DeclaredSizes): DeclaredSizes => ({
  max: MAX_ENTRIES,
  keys: { max: MAX_DOMAIN },
  items: { max: MAX_ENTRIES, keys: { max: MAX_ID }, items: value, ...(value.max > 0 && { others: value }) },
});

/** `device`: one device as a selector sees it (Kubernetes: Dynamic Resource Allocation; dynamic-resource-allocation/cel). */
export const DEVICE_SELECTORS: CelEnvironment = {
  binds: true,
  variables: {
    device: objectType('kubernetes.DRADevice', {
      driver: STRING,
      allowMultipleAllocations: BOOL,
      attributes: byDomain(DYN),
      capacity: byDomain(namedType('kubernetes.Quantity')),
    }),
  },
  sizes: {
    max: 0,
    fields: {
      driver: { max: MAX_DOMAIN },
      allowMultipleAllocations: { max: 1 },
      attributes: sizesByDomain({ max: MAX_VALUE }),
      capacity: sizesByDomain({ max: 0 }),
    },
  },
};

/** What is wrong with an expression that chooses devices. */
export function selectorFinding(path: string, expression: string): FieldError[] {
  if (expression.length > MAX_EXPRESSION_LENGTH) return [tooLong(path, MAX_EXPRESSION_LENGTH)];
  try {
    const { type, estimatedCost } = compileCel(expression, DEVICE_SELECTORS);
    const is = showType(type);
    if (is !== 'bool' && is !== 'dyn') return [invalid(path, expression, `must evaluate to bool or the unknown type, not ${is}`)];
    return estimatedCost > MAX_COST ? [forbidden(path, 'too complex, exceeds cost limit')] : [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return [invalid(path, expression, `compilation failed: ${error.message}`)];
  }
}
