import { isMap, type StructuralSchema } from './structural.ts';

/** A deep copy of JSON data. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, field]) => [key, copy(field)])) : value;
}

const isForbiddenNull = (value: unknown, schema: StructuralSchema | true | undefined): boolean =>
  value === null && schema !== undefined && schema !== true && !schema.nullable;

/**
 * Sets defaults in place. A null where the schema allows none counts as absent: it becomes the default, or goes.
 * Source: Kubernetes, "CustomResourceDefinitions" (defaulting and nullable).
 */
export function setDefaults(value: unknown, schema: StructuralSchema | undefined): void {
  if (!schema || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) defaultItems(value, schema.items);
  else defaultFields(value as Record<string, unknown>, schema);
}

function defaultItems(list: unknown[], items: StructuralSchema | undefined): void {
  if (!items) return;
  for (let i = 0; i < list.length; i++) {
    if (isForbiddenNull(list[i], items) && items.default !== undefined) list[i] = copy(items.default);
    setDefaults(list[i], items);
  }
}

function defaultFields(object: Record<string, unknown>, schema: StructuralSchema): void {
  for (const key of Object.keys(object)) {
    if (object[key] !== null) continue;
    const field = schema.properties.get(key) ?? schema.additional;
    if (!isForbiddenNull(null, field)) continue;
    if (field !== true && field?.default !== undefined) object[key] = copy(field.default);
    else delete object[key];
  }
  for (const [key, field] of schema.properties) {
    if (field.default !== undefined && !Object.hasOwn(object, key)) object[key] = copy(field.default);
    if (Object.hasOwn(object, key)) setDefaults(object[key], field);
  }
  const { additional } = schema;
  if (additional === undefined || additional === true) return;
  for (const key of Object.keys(object)) if (!schema.properties.has(key)) setDefaults(object[key], additional);
}
