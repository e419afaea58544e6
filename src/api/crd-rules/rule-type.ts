import {
  BOOL,
  BYTES,
  type CelType,
  type DeclaredSizes,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  type objectType,
  STRING,
  TIMESTAMP,
} from '../cel/index.ts';
import type { StructuralSchema } from '../crd-schema/index.ts';

/** Greatest request that is read: what it can hold bounds every list, map and text that says nothing itself. */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
/** Least sizes of values in JSON (k8s.io/apiserver/pkg/cel, limits.go). */
const MIN_STRING = 2;
const MIN_BOOL = 4;
const MIN_NUMBER = 1;
const MIN_DURATION = 3;
const MIN_DATE = 12;
const MIN_DATE_TIME = 21;
/** How long these are at most; dates are of one length. */
const MAX_TIME = 32;

/** What rules see of a schema, and how small a value can be in JSON: that says how many of them a request can hold. */
export interface RuleType {
  readonly type: CelType;
  readonly minBytes: number;
  readonly sizes: DeclaredSizes;
}

/** Numbers and truth values have no elements. Neither have the keys of maps, as upstream counts. */
const NO_ELEMENTS: DeclaredSizes = { max: 0 };
const ANY_TEXT: DeclaredSizes = { max: MAX_REQUEST_BYTES - 2 };

type Fields = Parameters<typeof objectType>[1];

/**
 * The CEL type of a schema; undefined: rules cannot see such values. `isObject`: it is the root of an object, whose type and name rules see without its schema saying
 * so. `name` tells object types apart. Source: KEP-2876 and Kubernetes, "Validation rules" (type mapping).
 */
export function ruleType(schema: StructuralSchema, isObject: boolean, name = 'selfType'): RuleType | undefined {
  if (schema.intOrString) return { type: DYN, minBytes: MIN_NUMBER, sizes: { max: textBytes(schema.props.maxLength) } };
  switch (schema.type) {
    case 'array':
      return listType(schema, name);
    case 'object':
      return typeof schema.additional === 'object' ? mapType(schema, schema.additional, name) : structType(schema, isObject, name);
    case 'string':
      return stringType(schema);
    case 'boolean':
      return { type: BOOL, minBytes: MIN_BOOL, sizes: NO_ELEMENTS };
    case 'number':
      return { type: DOUBLE, minBytes: MIN_NUMBER, sizes: NO_ELEMENTS };
    case 'integer':
      return { type: INT, minBytes: MIN_NUMBER, sizes: NO_ELEMENTS };
    default:
      return undefined;
  }
}

function listType({ items, props }: StructuralSchema, name: string): RuleType | undefined {
  const item = items && ruleType(items, items.embedded, `${name}.@items`);
  if (!item) return undefined;
  const most = Math.floor((MAX_REQUEST_BYTES - 2) / (item.minBytes + 1));
  const max = Math.max(0, Number(props.maxItems ?? most));
  return { type: listOf(item.type), minBytes: 2, sizes: { max, items: item.sizes } };
}

function mapType({ props }: StructuralSchema, values: StructuralSchema, name: string): RuleType | undefined {
  const value = ruleType(values, values.embedded, `${name}.@values`);
  if (!value) return undefined;
  const most = Math.floor((MAX_REQUEST_BYTES - 2) / (value.minBytes + 6));
  const max = Math.max(0, Number(props.maxProperties ?? most));
  return { type: mapOf(STRING, value.type), minBytes: 2, sizes: { max, keys: NO_ELEMENTS, items: value.sizes } };
}

function structType(schema: StructuralSchema, isObject: boolean, name: string): RuleType {
  const fields: Record<string, { type: CelType; property: string }> = {};
  const sizes: Record<string, DeclaredSizes> = Object.create(null);
  let minBytes = 2;
  for (const [property, field] of schema.properties) {
    const found = ruleType(field, field.embedded, `${name}.${property}`);
    if (!found) continue;
    const escaped = escapeName(property);
    if (escaped !== undefined) {
      fields[escaped] = { type: found.type, property };
      sizes[escaped] = found.sizes;
    }
    if (schema.props.required?.includes(property) && field.default === undefined) minBytes += property.length + found.minBytes + 4;
  }
  if (isObject) Object.assign(sizes, META_SIZES);
  return { type: objectOf(name, isObject ? { ...fields, ...META } : fields), minBytes, sizes: { max: 0, fields: sizes } };
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

const META_SIZES: Readonly<Record<string, DeclaredSizes>> = {
  apiVersion: ANY_TEXT,
  kind: ANY_TEXT,
  metadata: { max: 0, fields: { name: ANY_TEXT, generateName: ANY_TEXT } },
};

function stringType({ props }: StructuralSchema): RuleType {
  switch (props.format) {
    case 'byte':
      return {
        type: BYTES,
        minBytes: MIN_STRING,
        sizes: props.maxLength === undefined ? ANY_TEXT : { max: Math.max(0, Number(props.maxLength)) },
      };
    case 'duration':
      return { type: DURATION, minBytes: MIN_DURATION, sizes: { max: MAX_TIME } };
    case 'date':
      return { type: TIMESTAMP, minBytes: MIN_DATE, sizes: { max: MIN_DATE } };
    case 'date-time':
      return { type: TIMESTAMP, minBytes: MIN_DATE_TIME, sizes: { max: MAX_TIME } };
    default:
      return { type: STRING, minBytes: MIN_STRING, sizes: { max: textBytes(props.maxLength, props.enum) } };
  }
}

/** A character takes up to four bytes. */
function textBytes(maxLength: number | undefined, allowed: readonly unknown[] | undefined = []): number {
  if (maxLength !== undefined) return Math.max(0, Number(maxLength)) * 4;
  if (allowed.length === 0) return MAX_REQUEST_BYTES - 2;
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
