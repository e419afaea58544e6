/** Structural schemas of custom resources: pruning, defaulting, validation, and the paths that printer columns read. */
export { dropNulls, setDefaults } from './default.ts';
export { NO_PATH } from './findings.ts';
export { isKnownFormat } from './formats.ts';
export { compileJsonPath, type JsonPath, JsonPathError } from './json-path.ts';
export { hasListTypes, listFindings } from './list-uniqueness.ts';
export { forEmbedded, hasEmbedded, isPruned, META_FIELDS, pruneFields } from './prune.ts';
export { asSchema, entriesOf, fieldOf, isMap, type StructuralSchema, toStructural } from './structural.ts';
export { correlate, isUnchanged, NO_OLD, type Old, oldField } from './unchanged.ts';
export { compileSchema, type SchemaValidator } from './validate.ts';
