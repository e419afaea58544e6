import type { KubeObject } from '../../api/meta/object.ts';

/** A deep copy of JSON data. Several times faster than structuredClone, which serialises. */
export function copyJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson) as T;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const field: unknown = value[key];
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
