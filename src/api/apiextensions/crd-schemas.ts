import { asSchema, entriesOf, isKnownFormat } from '../crd-schema/index.ts';
import type { CustomResourceDefinition, JSONSchemaProps } from '../schema/generated/types.ts';
import { withCommonFields } from './crd-common-fields.ts';

/** A schema and all that it holds, the outer before the inner. */
function* schemasIn(schema: JSONSchemaProps): Generator<JSONSchemaProps> {
  yield schema;
  for (const inner of innerSchemas(schema)) yield* schemasIn(inner);
}

function innerSchemas(schema: JSONSchemaProps): JSONSchemaProps[] {
  const { items, allOf = [], anyOf = [], oneOf = [], not, properties, additionalProperties, patternProperties, additionalItems } = schema;
  const anything: readonly unknown[] = [
    ...(Array.isArray(items) ? items : [items]),
    ...[...allOf, ...anyOf, ...oneOf, not],
    ...entriesOf(properties).map(([, each]) => each),
    ...[additionalProperties, additionalItems],
    ...[patternProperties, schema.dependencies, schema.definitions].flatMap((named) => entriesOf(named).map(([, each]) => each)),
  ];
  return anything.flatMap((each) => asSchema(each) ?? []);
}

export function hasDefaults(schema: JSONSchemaProps | undefined): boolean {
  if (!schema) return false;
  for (const each of schemasIn(schema)) if (each.default !== undefined) return true;
  return false;
}

/** Formats of which no value is held to them; a schema that all versions have in common is looked at once. */
export function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  const { common, versions } = withCommonFields(spec.versions);
  return [common, ...versions].flatMap(({ schema }) => {
    const root = schema?.openAPIV3Schema;
    return root ? [...schemasIn(root)].flatMap(({ format, type = '' }) => (format && !isKnownFormat(type, format) ? [format] : [])) : [];
  });
}
