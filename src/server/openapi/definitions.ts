import type { ResourceDefinition } from '../../api/define.ts';
import type { Registry } from '../../api/registry.ts';
import { type Field, type FieldType, isAtomicType, mergeRule, readSchema } from '../../api/schema/index.ts';
import { type CustomWriter, customDefinition, customList } from './custom-definition.ts';
import { publishedDefault } from './default-values.ts';
import { BUILT_IN, definitionNames, type GroupVersion, type GroupVersionKind, kindsOfSchemas } from './definition-names.ts';
import type { JsonSchema, OpenApiVersion } from './json-schema.ts';
import { UNIONS } from './unions.ts';

export type { JsonSchema, OpenApiVersion } from './json-schema.ts';

/** Texts by schema and field; a schema's own text is under the empty name (schema/generated/descriptions.json). */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The values that a field, or each of its elements, may have, and upstream's notes on them (schema/generated/enums.json). */
export interface Enumeration {
  readonly values: readonly string[];
  /** Empty for lists. */
  readonly notes: string;
}

/** What documents say besides types: read when a document is built, and not kept. */
export interface Documentation {
  readonly descriptions: Descriptions;
  readonly enums: Readonly<Record<string, Readonly<Record<string, Enumeration>>>>;
}

/** Writes definitions: what differs between OpenAPI 2 and 3 is where references point and whether they may have siblings. */
export class DefinitionWriter {
  readonly names: ReadonlyMap<string, string>;
  readonly #kinds: ReadonlyMap<string, GroupVersionKind[]>;
  readonly #version: OpenApiVersion;
  readonly #documentation: Documentation;
  /** Kinds of CustomResourceDefinitions, by the name of their schema. */
  readonly #custom: ReadonlyMap<string, ResourceDefinition>;
  /** Names that something written so far refers to. */
  readonly #pointedAt = new Set<string>();

  /** `served`: what the document is of. */
  constructor(registry: Registry, version: OpenApiVersion, documentation: Documentation, served: readonly GroupVersion[]) {
    this.names = definitionNames(registry);
    this.#kinds = kindsOfSchemas(registry, served);
    this.#version = version;
    this.#documentation = documentation;
    this.#custom = new Map(registry.all.filter(({ structural }) => structural).map((definition) => [definition.schema, definition]));
  }

  /** A reference to one of our schemas. */
  reference(schema: string): JsonSchema {
    return this.#pointer(this.names.get(schema) ?? schema);
  }

  /** A reference to a definition by its published name. */
  pointer(name: string): JsonSchema {
    return this.#pointer(name);
  }

  #pointer(name: string): JsonSchema {
    this.#pointedAt.add(name);
    return { $ref: `${this.#version === 'v2' ? '#/definitions/' : '#/components/schemas/'}${name}` };
  }

  /** The definition of a schema; a kind that has none (a custom resource) is an object of any content. */
  definition(schemaName: string): JsonSchema {
    const schema = readSchema(schemaName);
    if (!schema) return this.#customOf(schemaName) ?? this.#opaque(schemaName);
    const fields = [...schema.fields.values()];
    const texts = this.#documentation.descriptions[schemaName] ?? {};
    const required = fields.filter((field) => field.required).map((field) => field.name);
    const kinds = this.#kinds.get(schemaName);
    return {
      ...(texts[''] && { description: texts[''] }),
      type: 'object',
      ...(required.length > 0 && { required }),
      properties: Object.fromEntries(fields.map((field) => [field.name, this.#property(schemaName, field, texts[field.name])])),
      ...(kinds && { 'x-kubernetes-group-version-kind': kinds }),
      ...(isAtomicType(schemaName) && { 'x-kubernetes-map-type': 'atomic' }),
      ...(UNIONS[schemaName] && { 'x-kubernetes-unions': UNIONS[schemaName] }),
    };
  }

  #customOf(schemaName: string): JsonSchema | undefined {
    const writer: CustomWriter = {
      version: this.#version,
      reference: (name) => this.reference(name),
      text: (name, field) => this.#documentation.descriptions[name]?.[field],
    };
    const kinds = this.#kinds.get(schemaName) ?? [];
    const kind = this.#custom.get(schemaName);
    if (kind) return customDefinition(kind, kinds, writer);
    const listed = this.#custom.get(schemaName.replace(/List$/, ''));
    return listed && customList(listed, kinds, writer);
  }

  #opaque(schemaName: string): JsonSchema {
    const kinds = this.#kinds.get(schemaName);
    return {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      ...(kinds && { 'x-kubernetes-group-version-kind': kinds }),
    };
  }

  #property(schemaName: string, field: Field, description: string | undefined): JsonSchema {
    const value = this.#value(field.type, field.name, schemaName);
    const enumeration = this.#documentation.enums[schemaName]?.[field.name];
    const text = [description, enumeration?.notes].filter(Boolean).join('\n\n');
    const said = { ...(text && { description: text }), ...this.#default(schemaName, field) };
    return { ...this.#beside(value, said), ...(enumeration && enumerated(value, enumeration.values)), ...extensions(schemaName, field) };
  }

  /** OpenAPI 2 documents have none. */
  #default(schemaName: string, field: Field): Pick<JsonSchema, 'default'> {
    const value = this.#version === 'v3' ? publishedDefault(schemaName, field) : undefined;
    return value === undefined ? {} : { default: value };
  }

  /** OpenAPI 3.0 ignores what stands beside a $ref. */
  #beside(value: JsonSchema, said: JsonSchema): JsonSchema {
    const mayStand = value.$ref === undefined || this.#version === 'v2' || Object.keys(said).length === 0;
    return mayStand ? { ...said, ...value } : { ...said, allOf: [value] };
  }

  #value(type: FieldType, field: string, owner: string): JsonSchema {
    switch (type.is) {
      case 'schema':
        return this.reference(type.name);
      case 'list':
        return { type: 'array', items: this.#value(type.items, field, owner) };
      case 'map':
        return { type: 'object', additionalProperties: this.#value(type.values, field, owner) };
      case 'scalar':
        if (type.scalar === 'any') return this.#pointer(anyName(field, owner));
        if (type.scalar === 'object') return { type: 'object' };
        return SCALARS[type.scalar] ?? this.#pointer(BUILT_IN[type.scalar as keyof typeof BUILT_IN]);
    }
  }

  /** The definitions under BUILT_IN that what was written refers to. */
  builtIns(): Record<string, JsonSchema> {
    return Object.fromEntries(Object.entries(this.#allBuiltIns()).filter(([name]) => this.#pointedAt.has(name)));
  }

  #allBuiltIns(): Record<string, JsonSchema> {
    const v2 = this.#version === 'v2';
    return {
      [BUILT_IN.time]: { type: 'string', format: 'date-time', description: 'A time in RFC 3339, in whole seconds.' },
      [BUILT_IN.microTime]: { type: 'string', format: 'date-time', description: 'A time in RFC 3339 with microseconds.' },
      [BUILT_IN.fields]: { type: 'object', description: 'A set of fields, as server-side apply tracks them (KEP-555).' },
      [BUILT_IN.patch]: { type: 'object', description: 'The body of a PATCH request, in the format that its media type names.' },
      [BUILT_IN.raw]: { type: 'object', description: 'Any object.' },
      [BUILT_IN.json]: { description: 'Any JSON value: a text, a number, a list, an object …' },
      [BUILT_IN.subresourceStatus]: { type: 'object', description: 'Being there, it serves a status apart; it has no fields.' },
      [BUILT_IN.schemaOrList]: { description: 'A schema, or a list of them.' },
      [BUILT_IN.schemaOrBool]: { description: 'A schema, or whether anything is allowed at all.' },
      [BUILT_IN.schemaOrNames]: { description: 'A schema, or a list of names of fields.' },
      [BUILT_IN.quantity]: {
        description: 'A number with a unit: 100m, 1.5, 2Gi, 12e6.',
        ...(v2 ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] }),
      },
      [BUILT_IN.intOrString]: {
        description: 'A number, or text such as a port name or a percentage.',
        format: 'int-or-string',
        ...(v2 ? { type: 'string' } : { oneOf: [{ type: 'integer' }, { type: 'string' }] }),
      },
    };
  }
}

const enumerated = ({ items }: JsonSchema, values: readonly string[]): JsonSchema =>
  items ? { items: { ...items, enum: [...values] } } : { enum: [...values] };

/** Fields of schemas that may hold several things; what other kinds leave open are objects. */
const IN_SCHEMAS: Readonly<Record<string, string>> = {
  items: BUILT_IN.schemaOrList,
  additionalItems: BUILT_IN.schemaOrBool,
  additionalProperties: BUILT_IN.schemaOrBool,
  dependencies: BUILT_IN.schemaOrNames,
};

function anyName(field: string, owner: string): string {
  if (owner === 'JSONSchemaProps') return IN_SCHEMAS[field] ?? BUILT_IN.json;
  if (owner === 'CustomResourceSubresources') return BUILT_IN.subresourceStatus;
  return field === 'fieldsV1' ? BUILT_IN.fields : BUILT_IN.raw;
}

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  byte: { type: 'string', format: 'byte' },
};

/** The elements of a kind's list and the verbs of discovery carry no list type. */
const isUnmarkedList = (schemaName: string, field: string) =>
  (field === 'items' && schemaName.endsWith('List')) || (field === 'verbs' && schemaName === 'APIResource');

function extensions(schemaName: string, { name, type }: Field): JsonSchema {
  const { list, keys, map, patch, mergeKey } = mergeRule(schemaName, name);
  const isList = type.is === 'list' && !isUnmarkedList(schemaName, name);
  return {
    ...(isList && { 'x-kubernetes-list-type': list ?? 'atomic' }),
    ...(keys && { 'x-kubernetes-list-map-keys': keys }),
    ...(map && { 'x-kubernetes-map-type': map }),
    ...(mergeKey !== undefined && { 'x-kubernetes-patch-merge-key': mergeKey }),
    ...(patch && { 'x-kubernetes-patch-strategy': patch.join(',') }),
  };
}
