/** Server-side apply (KEP-555): who owns which field, and what an applied configuration makes of an object. */
export { type Applied, type Apply, applyConfiguration } from './apply-configuration.ts';
export type { ApplyField, ApplyListType, ApplyMapType, ApplyType } from './apply-type.ts';
export { DEDUCED } from './apply-type.ts';
export { builtInType } from './built-in-type.ts';
export { applyAsClient, LAST_APPLIED } from './client-side-past.ts';
export { configurationFindings, findingsText } from './configuration-findings.ts';
export { appliedFields } from './extract.ts';
export { difference, type FieldSet, hasField, isEmptySet, LEAF, NO_FIELDS, singleField } from './field-set.ts';
export { UnnamedElement } from './list-elements.ts';
export {
  entriesOf,
  entryFindings,
  equalButForTimes,
  isReset,
  type Manager,
  managerFindings,
  managerOfUserAgent,
  sameManager,
  sentManagers,
  storedManagers,
} from './managers.ts';
export { customResourceType, openApiType, type StructuralSchema } from './openapi-type.ts';
export { ownershipAfterUpdate, type Write } from './ownership.ts';
export { goJson } from './path-element.ts';
export { reconciledSet } from './reconcile.ts';
export { shareEntries } from './shared-sets.ts';
export type { Versioned, Versions } from './versions.ts';
