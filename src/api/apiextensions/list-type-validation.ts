import { asSchema, entriesOf } from '../crd-schema/index.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';

const LIST_TYPES = ['atomic', 'set', 'map'];

/** `x-kubernetes-list-type` and `x-kubernetes-list-map-keys` fit the items. Source: Kubernetes, "Server-Side Apply" (merge strategy). */
export function listTypeFindings(schema: JSONSchemaProps, path: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = `${path}.x-kubernetes-list-type`;
  const errors = listType === undefined ? [] : shapeFindings(schema, listType, path);
  if (listType !== undefined && !LIST_TYPES.includes(listType)) errors.push(notSupported(at, listType, LIST_TYPES));
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(at, detail) : invalid(at, listType, detail));
  }
  if (listType === 'map') errors.push(...mapFindings(schema, keys, path));
  const items = asSchema(schema.items);
  if (items && (listType === 'map' || listType === 'set')) errors.push(...nullFindings(items, listType, keys, path));
  return errors;
}

function shapeFindings(schema: JSONSchemaProps, listType: string, path: string): FieldError[] {
  if (schema.type !== 'array') {
    const detail = 'must be array if x-kubernetes-list-type is specified';
    return [schema.type ? invalid(`${path}.type`, schema.type, detail) : required(`${path}.type`, detail)];
  }
  const items = asSchema(schema.items);
  if (listType !== 'set' || !items) return [];
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const itemListType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && itemListType !== undefined && itemListType !== 'atomic') {
    return [invalid(`${path}.items.x-kubernetes-list-type`, itemListType, detail)];
  }
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [invalid(`${path}.items.x-kubernetes-map-type`, itemListType, detail)];
  }
  return [];
}

function mapFindings({ items: given }: JSONSchemaProps, keys: readonly string[], path: string): FieldError[] {
  const items = asSchema(given);
  const at = `${path}.x-kubernetes-list-map-keys`;
  const errors = keys.length > 0 ? [] : [required(at, 'must not be empty if x-kubernetes-list-type is map')];
  if (given === undefined) errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  else if (!items) errors.push(invalid(`${path}.items`, given, 'must only have a single schema if x-kubernetes-list-type is map'));
  if (!items) return errors;
  if (items.type !== 'object') {
    return [...errors, invalid(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map")];
  }
  const properties = new Map(entriesOf(items.properties));
  for (const [i, key] of keys.entries()) {
    const type = properties.get(key)?.type;
    if (!properties.has(key)) errors.push(invalid(at, keys, 'entries must all be names of item properties'));
    else if (type === 'array' || type === 'object') {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalid(`${path}.items.properties[${key}].type`, items.type, detail));
    }
    if (keys.indexOf(key) < i) errors.push(invalid(at, keys, 'must not contain duplicate entries'));
  }
  return errors;
}

/** What identifies an item is always there. */
function nullFindings(items: JSONSchemaProps, listType: string, keys: readonly string[], path: string): FieldError[] {
  const errors = items.nullable
    ? [forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)]
    : [];
  if (listType !== 'map') return errors;
  const properties = new Map(entriesOf(items.properties));
  for (const key of keys) {
    const property = properties.get(key);
    if (!property) continue;
    const at = `${path}.items.properties[${key}]`;
    if (!items.required?.includes(key) && property.default === undefined) {
      const detail = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      errors.push(required(`${at}.default`, detail));
    }
    if (property.nullable)
      errors.push(forbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  }
  return errors;
}
