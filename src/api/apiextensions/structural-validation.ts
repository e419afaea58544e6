import { compileRegex } from '../../base/re2/regex.ts';
import { asSchema, entriesOf } from '../crd-schema/index.ts';
import { equalJson } from '../meta/equal-json.ts';
import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { completenessFindings } from './structural-completeness.ts';

type Level = 'root' | 'item' | 'field';

/**
 * Is the schema structural? Findings sorted as upstream sorts them. Source: Kubernetes, "CustomResourceDefinitions" (specifying a structural schema) and
 * apiextensions-apiserver's validateStructuralInvariants.
 */
export function validateStructural(schema: JSONSchemaProps, path: string): FieldError[] {
  const errors = [...invariants(schema, 'root', path), ...completenessFindings(schema, path)];
  const text = ({ path: at, message }: FieldError) => `${at}: ${message}`;
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];
const isIntOrString = (schemas: unknown): boolean => equalJson(schemas, INT_OR_STRING);

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function invariants(schema: JSONSchemaProps, level: Level, path: string): FieldError[] {
  const items = asSchema(schema.items);
  const additional = asSchema(schema.additionalProperties);
  const others = schema.additionalProperties !== undefined && schema.additionalProperties !== null;
  return [
    ...(schema.type === 'array' && !items ? [required(`${path}.items`, 'must be specified')] : []),
    ...(items ? invariants(items, 'item', `${path}.items`) : []),
    ...entriesOf(schema.properties).flatMap(([name, property]) => invariants(property, 'field', `${path}.properties[${name}]`)),
    ...(others && level === 'root' ? [forbidden(`${path}.additionalProperties`, 'must not be used at the root')] : []),
    ...(additional ? invariants(additional, 'field', `${path}.additionalProperties`) : []),
    ...extensionFindings(schema, path),
    ...valueFindings(schema, path, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf)),
    ...typeFindings(schema, level, path, others),
    ...metaFindings(schema, level, path),
  ];
}

function extensionFindings(schema: JSONSchemaProps, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return [];
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name])
    .map((name) => invalid(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'));
}

function typeFindings(schema: JSONSchemaProps, level: Level, path: string, others: boolean): FieldError[] {
  const { type = '' } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] ?? false;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] ?? false;
  const errors: FieldError[] = [];
  const mustBeObject = 'must be object if x-kubernetes-embedded-resource is true';
  if (embedded && type !== 'object')
    errors.push(type === '' ? required(`${path}.type`, mustBeObject) : invalid(`${path}.type`, type, mustBeObject));
  else if (type === '' && !schema['x-kubernetes-int-or-string'] && !preserves) errors.push(required(`${path}.type`, EMPTY_TYPE[level]));
  if (embedded && others) {
    errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  if (level === 'root' && type !== '' && type !== 'object') errors.push(invalid(`${path}.type`, type, 'must be object at the root'));
  if (embedded && !preserves && entriesOf(schema.properties).length === 0) {
    const detail = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(required(`${path}.properties`, detail));
  }
  return errors;
}

/** Type and metadata are implicit: a schema may restrict the name at most. */
function metaFindings(schema: JSONSchemaProps, level: Level, path: string): FieldError[] {
  const properties = new Map(entriesOf(schema.properties));
  const isObject = level === 'root' || (schema['x-kubernetes-embedded-resource'] ?? false);
  const errors: FieldError[] = [];
  if (!isObject) return errors;
  for (const name of ['kind', 'apiVersion']) {
    const property = properties.get(name);
    if (property && property.type !== 'string')
      errors.push(invalid(`${path}.properties[${name}].type`, property.type ?? '', 'must be string'));
  }
  const metadata = properties.get('metadata');
  const at = `${path}.properties[metadata]`;
  if (metadata && metadata.type !== 'object') errors.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'));
  if (metadata && level === 'root' && !restrictsNameAlone(metadata)) {
    errors.push(forbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
  }
  return errors;
}

function restrictsNameAlone({ type: _type, default: _default, properties, ...rest }: JSONSchemaProps): boolean {
  const named = entriesOf(properties).every(([name]) => name === 'name' || name === 'generateName');
  return named && Object.keys(rest).length === 0;
}

/** Junctors restrict values, they do not describe structure. */
function valueFindings(schema: JSONSchemaProps, path: string, skipAnyOf: boolean, skipFirstAllOf: boolean): FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  return [
    ...(skipAnyOf ? [] : anyOf.flatMap((each, i) => nestedFindings(each, `${path}.anyOf[${i}]`, false))),
    ...allOf.flatMap((each, i) => nestedFindings(each, `${path}.allOf[${i}]`, skipFirstAllOf && i === 0)),
    ...oneOf.flatMap((each, i) => nestedFindings(each, `${path}.oneOf[${i}]`, false)),
    ...(not ? nestedFindings(not, `${path}.not`, false) : []),
    ...(pattern ? patternFindings(pattern, path) : []),
  ];
}

function patternFindings(pattern: string, path: string): FieldError[] {
  try {
    compileRegex(pattern);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${why}`)];
  }
}

const NOT_NESTED = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
] as const;

const isSet = (value: unknown) =>
  value !== undefined && value !== null && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0);
/** These are set when they are empty as well. */
const POINTERS: ReadonlySet<string> = new Set(['default', 'x-kubernetes-list-type', 'x-kubernetes-map-type']);

function nestedFindings(schema: JSONSchemaProps, path: string, skipAnyOf: boolean): FieldError[] {
  const items = asSchema(schema.items);
  const properties = entriesOf(schema.properties);
  return [
    ...valueFindings(schema, path, skipAnyOf, false),
    ...(items ? nestedFindings(items, `${path}.items`, false) : []),
    ...properties.flatMap(([name, property]) => nestedFindings(property, `${path}.properties[${name}]`, false)),
    ...NOT_NESTED.filter(([name]) => (POINTERS.has(name) ? (schema[name] ?? undefined) !== undefined : isSet(schema[name]))).map(
      ([name, detail]) => forbidden(`${path}.${name}`, detail),
    ),
    ...(properties.some(([name]) => name === 'metadata')
      ? [forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context')]
      : []),
  ];
}
