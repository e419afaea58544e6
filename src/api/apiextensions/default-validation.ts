import { compileRules, runRules } from '../crd-rules/index.ts';
import { compileSchema, forEmbedded, isPruned, NO_PATH, type StructuralSchema } from '../crd-schema/index.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';

/** Defaults are valid by their own schema and rules, and hold nothing that pruning would remove. Source: "CustomResourceDefinitions" (defaulting). */
export const validateDefaults = (schema: StructuralSchema, path: string): FieldError[] =>
  visit(schema, path, { isRoot: true, insideMeta: false });

interface Place {
  readonly isRoot: boolean;
  /** What stands within the metadata of an object is not looked at. */
  readonly insideMeta: boolean;
}

function visit(schema: StructuralSchema, path: string, { isRoot, insideMeta }: Place): FieldError[] {
  const isObject = isRoot || schema.embedded;
  const errors: FieldError[] = [];
  if (schema.default !== undefined && !insideMeta) {
    errors.push(...defaultFindings(isRoot ? { ...schema, embedded: true } : schema, `${path}.default`, isObject));
  }
  if (schema.items) {
    errors.push(...visit(schema.items, `${path}.items`, { isRoot: false, insideMeta: insideMeta && !schema.items.embedded }));
  }
  for (const [name, property] of schema.properties) {
    const isMeta = isObject && (name === 'metadata' || name === 'apiVersion' || name === 'kind');
    const inner = { isRoot: false, insideMeta: isMeta || (insideMeta && !property.embedded) };
    errors.push(...visit(property, `${path}.properties[${name}]`, inner));
  }
  return errors;
}

function defaultFindings(schema: StructuralSchema, path: string, isObject: boolean): FieldError[] {
  const value = schema.default;
  const unknown = isPruned(value, schema) ? [] : [invalid(path, value, 'must not have unknown fields')];
  const incomplete: FieldError[] = [];
  forEmbedded(value, schema, '', (object) => {
    for (const field of ['apiVersion', 'kind']) if (!Object.hasOwn(object, field)) incomplete.push(required(`${path}.${field}`));
  });
  if (incomplete.length > 0) return [...unknown, ...incomplete];
  // Findings call their places from the value on.
  const located = valueFindings(schema, isObject).map((finding) => ({
    ...finding,
    path: finding.path === NO_PATH ? path : `${path}.${finding.path}`,
  }));
  return [...unknown, ...located];
}

/** Rules look at values that fit the schema: at the default as it comes to an object that had it, and to one that had nothing. */
function valueFindings(schema: StructuralSchema, isObject: boolean): FieldError[] {
  const value = schema.default;
  const misfits = schemaFindings(schema);
  const rules = misfits.length === 0 ? compileRules(schema, isObject) : undefined;
  if (!rules) return misfits;
  const kept = runRules(rules, value, value);
  return kept.length > 0 ? kept : runRules(rules, value);
}

function schemaFindings({ props, default: value }: StructuralSchema): FieldError[] {
  try {
    return compileSchema(props, { isPart: true }).validate(value);
  } catch {
    // A pattern that is none is told where it stands.
    return [];
  }
}
