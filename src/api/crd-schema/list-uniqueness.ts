import { duplicate, type FieldError, invalid } from '../meta/field-error.ts';
import { isMap, type StructuralSchema } from './structural.ts';

/**
 * Sets hold each value once, lists of type map each key once: findings name the second of its kind. Source: Kubernetes, "CustomResourceDefinitions" and
 * "Server-Side Apply" (list types).
 */
export function listFindings(value: unknown, schema: StructuralSchema, path = ''): FieldError[] {
  const found: FieldError[] = [];
  walk(value, schema, path, found);
  return found;
}

/** Does anything in the schema have a list type? Most do not, and need no walk. */
export function hasListTypes(schema: StructuralSchema): boolean {
  if (schema.listType !== 'atomic') return true;
  const { items, additional } = schema;
  return (
    (items !== undefined && hasListTypes(items)) ||
    (additional !== undefined && additional !== true && hasListTypes(additional)) ||
    [...schema.properties.values()].some(hasListTypes)
  );
}

function walk(value: unknown, schema: StructuralSchema, path: string, found: FieldError[]): void {
  if (Array.isArray(value)) {
    if (schema.listType === 'set') found.push(...repeated(value).map((i) => duplicate(`${path}[${i}]`, value[i])));
    if (schema.listType === 'map') found.push(...mapFindings(value, schema.listMapKeys, path));
    if (schema.items) for (const [i, item] of value.entries()) walk(item, schema.items, `${path}[${i}]`, found);
    return;
  }
  if (!isMap(value)) return;
  for (const [key, field] of Object.entries(value)) {
    const property = schema.properties.get(key);
    if (property) walk(field, property, path ? `${path}.${key}` : key, found);
    else if (schema.additional && schema.additional !== true) walk(field, schema.additional, `${path}[${key}]`, found);
  }
}

/** Indexes of values that were there once before. */
function repeated(values: readonly unknown[]): number[] {
  const times = new Map<unknown, number>();
  return values.flatMap((value, i) => {
    const key = typeof value === 'object' && value !== null ? `object ${canonical(value)}` : value;
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    return before === 1 ? [i] : [];
  });
}

function mapFindings(list: readonly unknown[], keyFields: readonly string[], path: string): FieldError[] {
  const stray = list.findIndex((item) => item !== null && !isMap(item));
  if (stray >= 0) return [invalid(`${path}[${stray}]`, list[stray], 'must be an object for an array of list-type map')];
  const keys = list.map((item) =>
    Object.fromEntries(keyFields.flatMap((field) => (isMap(item) && Object.hasOwn(item, field) ? [[field, item[field]]] : []))),
  );
  return repeated(keys).map((i) => duplicate(`${path}[${i}]`, keys[i]));
}

/** JSON with sorted fields. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(',')}}`;
}
