import {
  type ApplyField,
  type ApplyListType,
  type ApplyMapType,
  type ApplyType,
  applyKey,
  atomicList,
  DEDUCED,
  granularMap,
} from './apply-type.ts';
import { builtInType } from './built-in-type.ts';
import { fieldElement } from './path-element.ts';

/** The part of an OpenAPI v3 structural schema that apply goes by. */
export interface StructuralSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema | boolean;
  readonly items?: StructuralSchema;
  readonly default?: unknown;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
}

const SCALARS: Readonly<Record<string, ApplyType>> = {
  string: { scalar: 'string' },
  boolean: { scalar: 'boolean' },
  integer: { scalar: 'numeric' },
  number: { scalar: 'numeric' },
};
const ANY_SCALAR: ApplyType = { scalar: 'untyped' };
const STRING: ApplyType = { scalar: 'string' };

/** The type of a custom resource's objects: metadata is every object's, the rest is as the schema of this version says. Without a schema all else is deduced. */
export function customResourceType(schema: StructuralSchema | undefined): ApplyType {
  const own = schema ? openApiType(schema) : DEDUCED;
  const fields = new Map(own.map?.fields);
  const header = { apiVersion: STRING, kind: STRING, metadata: builtInType('ObjectMeta') };
  for (const [name, type] of Object.entries(header)) fields.set(name, { type, element: fieldElement(name), alwaysThere: true });
  return { map: { atomic: false, fields, values: own.map?.values } };
}

export function openApiType(schema: StructuralSchema): ApplyType {
  const scalar = schema['x-kubernetes-int-or-string'] ? ANY_SCALAR : SCALARS[schema.type ?? ''];
  if (scalar) return scalar;
  if (schema.type === 'array') return { list: listType(schema) };
  if (schema.type === 'object') return { map: mapType(schema) };
  return DEDUCED;
}

function mapType(schema: StructuralSchema): ApplyMapType {
  const { properties = {}, additionalProperties } = schema;
  const atomic = schema['x-kubernetes-map-type'] === 'atomic';
  const fields = new Map(Object.entries(properties).map(([name, part]) => [name, openApiField(name, part)]));
  if (schema['x-kubernetes-embedded-resource']) addHeader(fields);
  if (schema['x-kubernetes-preserve-unknown-fields']) return { atomic, fields, values: DEDUCED };
  if (typeof additionalProperties === 'object') return { atomic, fields, values: openApiType(additionalProperties) };
  if (additionalProperties === true) return { atomic, fields, values: DEDUCED };
  // Upstream reads an object without properties as one whose fields are not known.
  return fields.size === 0 ? { ...granularMap(DEDUCED), atomic } : { atomic, fields, values: undefined };
}

/** An object within an object has the header of every object, whatever its schema says of it. */
function addHeader(fields: Map<string, ApplyField>): void {
  const header = { apiVersion: () => STRING, kind: () => STRING, metadata: () => builtInType('ObjectMeta') };
  for (const [name, read] of Object.entries(header)) fields.set(name, namedField(name, read));
}

const openApiField = (name: string, schema: StructuralSchema): ApplyField => namedField(name, () => openApiType(schema));

function namedField(name: string, read: () => ApplyType): ApplyField {
  let type: ApplyType | undefined;
  return {
    element: fieldElement(name),
    alwaysThere: false,
    get type() {
      type ??= read();
      return type;
    },
  };
}

function listType(schema: StructuralSchema): ApplyListType {
  const items = schema.items ? openApiType(schema.items) : DEDUCED;
  const relation = schema['x-kubernetes-list-type'];
  if (relation === 'set') return { relation, items, keys: [] };
  const names = schema['x-kubernetes-list-map-keys'] ?? [];
  if (relation !== 'map' || names.length === 0) return atomicList(items);
  const keys = [...names].sort().map((name) => applyKey(name, keyDefault(schema.items?.properties?.[name]?.default)));
  return { relation, items, keys };
}

const keyDefault = (value: unknown): string | number | bigint | boolean | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? value : undefined;
