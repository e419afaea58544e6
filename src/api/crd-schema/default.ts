import { isMap, type StructuralSchema } from './structural.ts';

/** A deep copy of JSON data. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, field]) => [key, copy(field)])) : value;
}

const isForbiddenNull = (value: unknown, schema: StructuralSchema): boolean => value === null && !schema.nullable;

/**
 * Sets defaults in place. A null where the schema allows none counts as absent, where there is a default.
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
  for (const [key, field] of schema.properties) {
    const isThere = Object.hasOwn(object, key) && !isForbiddenNull(object[key], field);
    if (!isThere && field.default !== undefined) object[key] = copy(field.default);
    if (Object.hasOwn(object, key)) setDefaults(object[key], field);
  }
  const { additional } = schema;
  if (additional === undefined || additional === true) return;
  for (const key of Object.keys(object)) {
    if (schema.properties.has(key)) continue;
    if (isForbiddenNull(object[key], additional) && additional.default !== undefined) object[key] = copy(additional.default);
    setDefaults(object[key], additional);
  }
}

/** Takes fields away, in place, that are null where the schema allows none and has no default: whoever sends or has stored them says nothing. */
export function dropNulls(value: unknown, schema: StructuralSchema | undefined): void {
  if (!schema || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, schema.items);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    const field = schema.properties.get(key) ?? schema.additional;
    if (field === undefined || field === true) continue;
    if (!isForbiddenNull(object[key], field)) dropNulls(object[key], field);
    else if (field.default === undefined) delete object[key];
  }
}
