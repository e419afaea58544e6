import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  type objectType,
  STRING,
  sized,
  TIMESTAMP,
} from '../cel/index.ts';
import type { StructuralSchema } from '../crd-schema/index.ts';

/** Greatest request that is read: what it can hold bounds every list, map and text that says nothing itself. */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
/** Least sizes of values in JSON (k8s.io/apiserver/pkg/cel, limits.go). */
const MIN_STRING = 2;
const MIN_BOOL = 4;
const MIN_NUMBER = 1;
const MIN_DURATION = 4;
const MIN_DATE = 12;
const MIN_DATE_TIME = 22;

/** What rules see of a schema, and how small a value can be in JSON: that says how many of them a request can hold. */
export interface RuleType {
  readonly type: CelType;
  readonly minBytes: number;
}

type Fields = Parameters<typeof objectType>[1];

/**
 * The CEL type of a schema; undefined: rules cannot see such values. `isObject`: it is the root of an object, whose type and name rules see without its schema saying
 * so. `name` tells object types apart. Source: KEP-2876 and Kubernetes, "Validation rules" (type mapping).
 */
export function ruleType(schema: StructuralSchema, isObject: boolean, name = 'selfType'): RuleType | undefined {
  if (schema.intOrString) return { type: DYN, minBytes: MIN_NUMBER };
  switch (schema.type) {
    case 'array':
      return listType(schema, name);
    case 'object':
      return typeof schema.additional === 'object' ? mapType(schema, schema.additional, name) : structType(schema, isObject, name);
    case 'string':
      return stringType(schema);
    case 'boolean':
      return { type: BOOL, minBytes: MIN_BOOL };
    case 'number':
      return { type: DOUBLE, minBytes: MIN_NUMBER };
    case 'integer':
      return { type: INT, minBytes: MIN_NUMBER };
    default:
      return undefined;
  }
}

function listType({ items, props }: StructuralSchema, name: string): RuleType | undefined {
  const item = items && ruleType(items, items.embedded, `${name}.@items`);
  if (!item) return undefined;
  const most = Math.floor((MAX_REQUEST_BYTES - 2) / (item.minBytes + 1));
  return { type: listOf(item.type, Math.max(0, props.maxItems ?? most)), minBytes: 2 };
}

function mapType({ props }: StructuralSchema, values: StructuralSchema, name: string): RuleType | undefined {
  const value = ruleType(values, values.embedded, `${name}.@values`);
  if (!value) return undefined;
  const most = Math.floor((MAX_REQUEST_BYTES - 2) / (value.minBytes + 6));
  return { type: mapOf(STRING, value.type, Math.max(0, props.maxProperties ?? most)), minBytes: 2 };
}

function structType(schema: StructuralSchema, isObject: boolean, name: string): RuleType {
  const fields: Record<string, { type: CelType; property: string }> = {};
  let minBytes = 2;
  for (const [property, field] of schema.properties) {
    const found = ruleType(field, field.embedded, `${name}.${property}`);
    if (!found) continue;
    const escaped = escapeName(property);
    if (escaped !== undefined) fields[escaped] = { type: found.type, property };
    if (schema.props.required?.includes(property) && field.default === undefined) minBytes += property.length + found.minBytes + 4;
  }
  return { type: objectOf(name, isObject ? { ...fields, ...META } : fields), minBytes };
}

/** Keyed without a prototype: names come from clients. */
function objectOf(name: string, fields: Readonly<Record<string, { type: CelType; property?: string }>>): CelType {
  return { is: 'object', name, fields: Object.assign(Object.create(null), fields) };
}

const META: Fields & Record<string, { type: CelType }> = {
  apiVersion: { type: STRING },
  kind: { type: STRING },
  metadata: { type: objectOf('selfType.metadata', { name: { type: STRING }, generateName: { type: STRING } }) },
};

function stringType({ props }: StructuralSchema): RuleType {
  switch (props.format) {
    case 'byte':
      return { type: props.maxLength === undefined ? BYTES : sized('bytes', props.maxLength), minBytes: MIN_STRING };
    case 'duration':
      return { type: DURATION, minBytes: MIN_DURATION };
    case 'date':
      return { type: TIMESTAMP, minBytes: MIN_DATE };
    case 'date-time':
      return { type: TIMESTAMP, minBytes: MIN_DATE_TIME };
    default:
      return { type: sized('string', stringBytes(props.maxLength, props.enum)), minBytes: MIN_STRING };
  }
}

/** A character takes up to four bytes. */
function stringBytes(maxLength: number | undefined, allowed: readonly unknown[] | undefined): number {
  if (maxLength !== undefined) return Math.max(0, maxLength) * 4;
  if (!allowed?.length) return MAX_REQUEST_BYTES - 2;
  return Math.max(...allowed.map((value) => (typeof value === 'string' ? value.length : 0)));
}

const KEYWORDS = new Set(
  `true false null in as break const continue else for function if import let loop package namespace return var void while`.split(' '),
);
const ESCAPES: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** How expressions write the name of a field; undefined: they cannot. */
export function escapeName(name: string): string | undefined {
  if (KEYWORDS.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[./-]/g, (part) => ESCAPES[part] ?? part);
}
