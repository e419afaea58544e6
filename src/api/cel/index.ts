export {
  CelBudget,
  ESTIMATED_COST_LIMIT,
  ESTIMATED_CRD_COST_LIMIT,
  MATCH_CONDITIONS_COST_BUDGET,
  PER_CALL_LIMIT,
  RUNTIME_COST_BUDGET,
} from './budget.ts';
export { type CelEnvironment, type CelProgram, compileCel } from './compile.ts';
export { CelError, type CelErrorReason } from './errors.ts';
export { type DeclaredSizes, times } from './estimate.ts';
export {
  type AnswerAuthorization,
  AUTHORIZER_TYPE,
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  authorizerValue,
  RESOURCE_CHECK_TYPE,
  resourceCheckValue,
} from './library/authorization.ts';
export { quantityOf } from './library/quantity.ts';
export { semverOf } from './library/semver.ts';
export { toJson } from './to-json.ts';
export {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  namedType,
  nameType,
  type ObjectField,
  objectType,
  openType,
  optionalOf,
  STRING,
  showType,
  TIMESTAMP,
} from './types.ts';
export { adopt, LazyMap, Optional, StructValue } from './values.ts';
