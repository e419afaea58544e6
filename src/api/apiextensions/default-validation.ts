import { compileSchema, forEmbedded, isPruned, type StructuralSchema } from '../crd-schema/index.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';

/** Defaults are valid by their own schema and hold nothing that pruning would remove. Source: "CustomResourceDefinitions" (defaulting). */
export function validateDefaults(schema: StructuralSchema, path: string, insideMeta = false): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.default !== undefined && !insideMeta) errors.push(...defaultFindings(schema, `${path}.default`));
  if (schema.items) errors.push(...validateDefaults(schema.items, `${path}.items`, insideMeta && !schema.items.embedded));
  for (const [name, property] of schema.properties) {
    const isMeta = schema.embedded && (name === 'metadata' || name === 'apiVersion' || name === 'kind');
    errors.push(...validateDefaults(property, `${path}.properties[${name}]`, isMeta || (insideMeta && !property.embedded)));
  }
  return errors;
}

function defaultFindings(schema: StructuralSchema, path: string): FieldError[] {
  const value = schema.default;
  const errors = isPruned(value, schema) ? [] : [invalid(path, value, 'must not have unknown fields')];
  forEmbedded(value, schema, [], (object) => {
    for (const field of ['apiVersion', 'kind']) if (!Object.hasOwn(object, field)) errors.push(required(`${path}.${field}`));
  });
  if (errors.length > 0) return errors;
  try {
    return compileSchema(schema.props).validate(value, { path });
  } catch {
    // A pattern that is none is told where it stands.
    return [];
  }
}
