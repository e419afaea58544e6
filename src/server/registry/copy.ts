import type { KubeObject } from '../../api/meta/object.ts';

/** A deep copy of JSON data. Several times faster than structuredClone, which serialises. */
export function copyJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson) as T;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[key];
    if (field !== undefined) copy[key] = copyJson(field);
  }
  return copy as T;
}

/** A copy of an object to change. Its managedFields are shared: they are never changed in place, and every write sets new ones. */
export function copyObject<T extends KubeObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata ?? {};
  if (!managedFields) return copyJson(object);
  const copy = copyJson({ ...object, metadata });
  return Object.assign(copy, { metadata: { ...copy.metadata, managedFields } });
}

/** Are two pieces of JSON data the same? A field that is undefined counts as absent; the order of fields does not matter. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equalJson(item, b[i]));
  return equalFields(a as Record<string, unknown>, b as Record<string, unknown>);
}

function equalFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let count = 0;
  for (const key of Object.keys(a)) {
    if (a[key] === undefined) continue;
    count += 1;
    if (!equalJson(a[key], b[key])) return false;
  }
  for (const key of Object.keys(b)) if (b[key] !== undefined) count -= 1;
  return count === 0;
}
