/** The walks over structural schemas that the registry and the OpenAPI documents use. */
export { cannotBeHandled, decodeErrors, findUnknown, prune, pruneMetadata, pruneUnknown } from './decode.ts';
export { endOfString, findDuplicateKeys, findingsInOrder } from './duplicate-keys.ts';
export { keepsZero } from './kept-zeros.ts';
export { isAtomicType, type MergeRule, mergeRule } from './list-types.ts';
export { validateSchema } from './required.ts';
export { DecodeError, GO_TYPE_META, goValue } from './scalars.ts';
export {
  type Field,
  type FieldType,
  findSchema,
  readSchema,
  type Scalar,
  type Schema,
  schemaNames,
  schemaOf,
  schemasFingerprint,
} from './schema.ts';
export { SHOWN, showZeros } from './zeros.ts';
