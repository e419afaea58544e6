import { asSchema, entriesOf } from '../crd-schema/index.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';

const UNSUPPORTED = [
  ['id', 'id'],
  ['$schema', 'schema'],
  ['$ref', '$ref'],
  ['patternProperties', 'patternProperties'],
  ['dependencies', 'dependencies'],
  ['additionalItems', 'additionalItems'],
  ['definitions', 'definitions'],
] as const;

const isSaid = (value: unknown): boolean => typeof value === 'boolean' || (Boolean(value) && Object.keys(value as object).length > 0);

/** Why no structural schema can be made of this one, whose structure is not looked at then; undefined: one can. Source: apiextensions-apiserver, schema/convert.go. */
export function structuralFault(schema: JSONSchemaProps): string | undefined {
  const unsupported = UNSUPPORTED.find(([name]) => isSaid(schema[name]));
  if (unsupported) return `OpenAPIV3Schema '${unsupported[1]}' is not supported`;
  const { not, allOf = [], anyOf = [], oneOf = [], items, properties, additionalProperties } = schema;
  return (
    firstFault([not, ...allOf, ...anyOf, ...oneOf]) ??
    (schema['x-kubernetes-preserve-unknown-fields'] === false
      ? "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
      : undefined) ??
    (Array.isArray(items) && items.length > 0 ? "OpenAPIV3Schema 'items' must be a schema, but is an array" : undefined) ??
    firstFault([asSchema(items), ...entriesOf(properties).map(([, property]) => property), asSchema(additionalProperties)])
  );
}

function firstFault(schemas: readonly (JSONSchemaProps | undefined)[]): string | undefined {
  for (const schema of schemas) {
    const fault = schema && structuralFault(schema);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
