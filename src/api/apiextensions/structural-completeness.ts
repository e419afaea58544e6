import { asSchema, entriesOf } from '../crd-schema/index.ts';
import { type FieldError, required } from '../meta/field-error.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';

/** Every field that a junctor of the root speaks of is described by the structure as well. Upstream asks no more of those further in. */
export function completenessFindings(schema: JSONSchemaProps, path: string): FieldError[] {
  return junctorFindings(schema, schema, path, path);
}

/** `nested` restricts what `structure` describes. */
function junctorFindings(nested: JSONSchemaProps, structure: JSONSchemaProps, path: string, nestedPath: string): FieldError[] {
  const { not, allOf = [], anyOf = [], oneOf = [] } = nested;
  const each = (schemas: readonly JSONSchemaProps[], name: string) =>
    schemas.flatMap((schema, i) => nestedFindings(schema, structure, path, `${nestedPath}.${name}[${i}]`));
  return [
    ...(not ? nestedFindings(not, structure, path, `${nestedPath}.not`) : []),
    ...each(allOf, 'allOf'),
    ...each(anyOf, 'anyOf'),
    ...each(oneOf, 'oneOf'),
  ];
}

function nestedFindings(nested: JSONSchemaProps, structure: JSONSchemaProps | undefined, path: string, nestedPath: string): FieldError[] {
  if (!structure) return [required(path, `because it is defined in ${nestedPath}`)];
  const items = asSchema(nested.items);
  const known = new Map(entriesOf(structure.properties));
  return [
    ...junctorFindings(nested, structure, path, nestedPath),
    ...(items ? nestedFindings(items, asSchema(structure.items), `${path}.items`, `${nestedPath}.items`) : []),
    ...entriesOf(nested.properties).flatMap(([name, property]) =>
      nestedFindings(property, known.get(name), `${path}.properties[${name}]`, `${nestedPath}.properties[${name}]`),
    ),
  ];
}
