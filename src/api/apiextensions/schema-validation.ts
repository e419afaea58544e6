import { asSchema, entriesOf } from '../crd-schema/index.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { listTypeFindings } from './list-type-validation.ts';
import { validateRules } from './rule-validation.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const META_FIELDS = ['metadata', 'kind', 'apiVersion'];

/** Where in the schema the walk is. */
interface Place {
  readonly isRoot: boolean;
  /** Why there may be no defaults; undefined: they are allowed. */
  readonly noDefaults?: string;
  readonly insideMeta: boolean;
}

/** What OpenAPI and Kubernetes' extensions to it allow at all (apiextensions-apiserver's ValidateCustomResourceDefinitionOpenAPISchema). */
export const validateOpenApiSchema = (schema: JSONSchemaProps, path: string): FieldError[] =>
  walk(schema, path, { isRoot: true, insideMeta: false });

function walk(schema: JSONSchemaProps, path: string, place: Place): FieldError[] {
  const inner = { ...place, isRoot: false };
  return [
    ...keywordFindings(schema, path, place),
    ...(schema.uniqueItems
      ? [forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic')]
      : []),
    ...additionalFindings(schema, path, inner),
    ...entriesOf(schema.properties).flatMap(([name, property]) =>
      walk(property, `${path}.properties[${name}]`, propertyPlace(schema, name, place)),
    ),
    ...junctorFindings(schema, path, inner),
    ...itemFindings(schema, path, inner),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === false
      ? [invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')]
      : []),
    ...mapTypeFindings(schema, path),
    ...listTypeFindings(schema, path),
    ...validateRules(schema, path),
  ];
}

function propertyPlace(schema: JSONSchemaProps, name: string, place: Place): Place {
  const isMeta = (place.isRoot || schema['x-kubernetes-embedded-resource']) && META_FIELDS.includes(name);
  if (!isMeta) return { ...place, isRoot: false };
  return { isRoot: false, insideMeta: true, noDefaults: place.isRoot ? `in top-level ${name}` : place.noDefaults };
}

function additionalFindings(schema: JSONSchemaProps, path: string, place: Place): FieldError[] {
  const { additionalProperties, properties } = schema;
  if (additionalProperties === undefined || additionalProperties === null) return [];
  const additional = asSchema(additionalProperties);
  const exclusive = entriesOf(properties).length > 0 && additionalProperties !== true;
  const noDefaults = place.insideMeta ? 'inside additionalProperties applying to object metadata' : place.noDefaults;
  return [
    ...(exclusive ? [forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive')] : []),
    ...(additional ? walk(additional, `${path}.additionalProperties`, { ...place, noDefaults }) : []),
  ];
}

function junctorFindings(
  { not, allOf = [], oneOf = [], anyOf = [], definitions }: JSONSchemaProps,
  path: string,
  place: Place,
): FieldError[] {
  const each = (schemas: readonly JSONSchemaProps[], name: string) =>
    schemas.flatMap((schema, i) => walk(schema, `${path}.${name}[${i}]`, place));
  return [
    ...(not ? walk(not, `${path}.not`, place) : []),
    ...each(allOf, 'allOf'),
    ...each(oneOf, 'oneOf'),
    ...each(anyOf, 'anyOf'),
    ...entriesOf(definitions).flatMap(([name, schema]) => walk(schema, `${path}.definitions[${name}]`, place)),
  ];
}

function itemFindings({ items }: JSONSchemaProps, path: string, place: Place): FieldError[] {
  const list = Array.isArray(items) ? (items as JSONSchemaProps[]) : [];
  const only = asSchema(items);
  return [...(only ? walk(only, `${path}.items`, place) : []), ...list.flatMap((schema, i) => walk(schema, `${path}.items[${i}]`, place))];
}

function mapTypeFindings(schema: JSONSchemaProps, path: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const detail = 'must be object if x-kubernetes-map-type is specified';
  return [
    ...(schema.type === 'object' ? [] : [schema.type ? invalid(`${path}.type`, schema.type, detail) : required(`${path}.type`, detail)]),
    ...(mapType === 'atomic' || mapType === 'granular'
      ? []
      : [notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular'])]),
  ];
}

const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;

function keywordFindings(schema: JSONSchemaProps, path: string, { noDefaults, insideMeta }: Place): FieldError[] {
  const { type } = schema;
  const errors: FieldError[] = [];
  if (type && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  if (schema.default !== undefined && noDefaults !== undefined) errors.push(forbidden(`${path}.default`, `must not be set ${noDefaults}`));
  for (const name of UNSUPPORTED) if (schema[name] !== undefined) errors.push(forbidden(`${path}.${name}`, `${name} is not supported`));
  if (type === 'null') errors.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items) && schema.items.length > 0) {
    errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  }
  if (insideMeta && schema['x-kubernetes-embedded-resource']) {
    errors.push(forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
  }
  return errors;
}
