import type { CustomResourceDefinitionVersion, ValidationRule } from '../schema/generated/types.ts';

/**
 * Values of which upstream's messages show the internal type: its fields under their names in Go, and all of them (apiextensions-apiserver,
 * pkg/apis/apiextensions/types.go). Schemas are shown as they were sent.
 */
export const internalVersion = (version: CustomResourceDefinitionVersion): object => ({
  Name: version.name,
  Served: version.served,
  Storage: version.storage,
  Deprecated: version.deprecated ?? false,
  DeprecationWarning: version.deprecationWarning ?? null,
  Schema: version.schema ?? null,
  Subresources: version.subresources ?? null,
  AdditionalPrinterColumns: version.additionalPrinterColumns ?? null,
  SelectableFields: version.selectableFields ?? null,
});

export const internalRule = ({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: ValidationRule): object => ({
  Rule: rule,
  Message: message ?? '',
  MessageExpression: messageExpression ?? '',
  Reason: reason ?? null,
  FieldPath: fieldPath ?? '',
  OptionalOldSelf: optionalOldSelf ?? null,
});
