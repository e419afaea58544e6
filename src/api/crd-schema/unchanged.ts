import { equalJson } from '../meta/equal-json.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { asSchema, isMap } from './structural.ts';

/** There is no value from before that could be compared. */
export const NO_OLD = Symbol('no old value');
export type Old = unknown | typeof NO_OLD;

export const oldField = (old: Old, key: string): Old => (isMap(old) && Object.hasOwn(old, key) ? old[key] : NO_OLD);

/**
 * Is a value what it was, as far as the schema tells? Fields that it does not describe count as changed, which all of an object's metadata is; lists of type map may be in another
 * order. Source: KEP-4008 (ratcheting) and k8s.io/apiserver's CorrelatedObject.
 */
export function isUnchanged(schema: JSONSchemaProps, value: unknown, old: Old): boolean {
  if (Array.isArray(value)) return Array.isArray(old) && value.length === old.length && isUnchangedList(schema, value, old);
  if (!isMap(value) || !isMap(old)) return equalJson(value, old);
  const keys = Object.keys(value);
  return keys.length === Object.keys(old).length && keys.every((key) => isUnchangedField(schema, key, value[key], oldField(old, key)));
}

function isUnchangedList(schema: JSONSchemaProps, value: readonly unknown[], old: readonly unknown[]): boolean {
  const items = asSchema(schema.items);
  if (schema['x-kubernetes-list-type'] !== 'map' || !items) return equalJson(value, old);
  const before = correlate(schema, old);
  return value.every((item) => isUnchanged(items, item, before(item)));
}

function isUnchangedField({ properties, additionalProperties }: JSONSchemaProps, key: string, value: unknown, old: Old): boolean {
  const schema = properties && Object.hasOwn(properties, key) ? properties[key] : asSchema(additionalProperties);
  return schema !== undefined && old !== NO_OLD && isUnchanged(schema, value, old);
}

const uncorrelated = (): Old => NO_OLD;

/** Items of lists of type map are the same when their keys are; items of other lists cannot be told apart over time. */
export function correlate(schema: JSONSchemaProps, old: Old): (item: unknown) => Old {
  const { 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  if (listType !== 'map' || keys.length === 0 || !Array.isArray(old) || old.length === 0) return uncorrelated;
  const keyOf = (item: unknown) =>
    isMap(item) && keys.every((key) => Object.hasOwn(item, key)) ? JSON.stringify(keys.map((key) => item[key])) : undefined;
  const byKey = new Map<string | undefined, unknown>();
  for (const item of old) if (!byKey.has(keyOf(item))) byKey.set(keyOf(item), item);
  return (item) => {
    const key = keyOf(item);
    return key !== undefined && byKey.has(key) ? byKey.get(key) : NO_OLD;
  };
}
