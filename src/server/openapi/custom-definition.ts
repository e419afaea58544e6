import { asSchema, entriesOf } from '../../api/crd-schema/index.ts';
import type { ResourceDefinition } from '../../api/define.ts';
import type { JSONSchemaProps } from '../../api/schema/generated/types.ts';
import type { GroupVersionKind } from './definition-names.ts';
import type { JsonSchema, OpenApiVersion } from './json-schema.ts';

export interface CustomWriter {
  readonly version: OpenApiVersion;
  /** A reference to one of our schemas. */
  readonly reference: (schema: string) => JsonSchema;
  readonly text: (schema: string, field: string) => string | undefined;
}

/** The schema of a custom kind: as its definition has it, with the fields that every object has. */
export function customDefinition({ structural }: ResourceDefinition, kinds: readonly GroupVersionKind[], writer: CustomWriter): JsonSchema {
  // Where OpenAPI 2 names fields, kubectl takes all others for mistakes.
  const anything = !structural || structural.preservesUnknown;
  if (writer.version === 'v2' && anything) return { type: 'object', 'x-kubernetes-group-version-kind': kinds };
  const schema = structural ? published(structural.props, writer) : { type: 'object' };
  return { ...withMeta(schema, 'ObjectMeta', writer), 'x-kubernetes-group-version-kind': kinds };
}

/** `com.example.v1.WidgetList`. */
export function customList({ schema, kind }: ResourceDefinition, kinds: readonly GroupVersionKind[], writer: CustomWriter): JsonSchema {
  const items: JsonSchema = { type: 'array', items: writer.reference(schema), description: `List of ${kind.toLowerCase()}s.` };
  const list: JsonSchema = { description: `${kind}List is a list of ${kind}`, type: 'object', required: ['items'], properties: { items } };
  return { ...withMeta(list, 'ListMeta', writer), 'x-kubernetes-group-version-kind': kinds };
}

function withMeta(schema: JsonSchema, metadata: string, { version, reference, text }: CustomWriter): JsonSchema {
  const described = (field: string) => ({ type: 'string', description: text('ConfigMap', field) ?? '' });
  const description = "Standard object's metadata.";
  const meta: JsonSchema = version === 'v2' ? { ...reference(metadata), description } : { allOf: [reference(metadata)], description };
  const own = { apiVersion: described('apiVersion'), kind: described('kind'), metadata: meta };
  return { ...schema, properties: { ...own, ...without(schema.properties), ...own } };
}

/** What is implicit counts, whatever the definition says of it. */
const without = (properties: JsonSchema['properties'] = {}): JsonSchema['properties'] =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => name !== 'apiVersion' && name !== 'kind' && name !== 'metadata'));

/** Rules, and what OpenAPI 2 cannot say. Clients of OpenAPI 2 validate by it: what is left out is not checked. */
const NOT_IN_V2 = new Set(['anyOf', 'oneOf', 'allOf', 'not', 'nullable', 'example', 'default']);
const HOLDS_SCHEMAS = new Set(['properties', 'items', 'additionalProperties', 'allOf', 'anyOf', 'oneOf', 'not']);

function published(props: JSONSchemaProps, writer: CustomWriter): JsonSchema {
  const { version } = writer;
  const plain = Object.entries(props).filter(([key]) => !HOLDS_SCHEMAS.has(key) && !(version === 'v2' && NOT_IN_V2.has(key)));
  const schema: JsonSchema = { ...(Object.fromEntries(plain) as JsonSchema), ...inner(props, writer) };
  if (props['x-kubernetes-embedded-resource']) return withMeta(schema, 'ObjectMeta', writer);
  return version === 'v2' && (props.nullable || props['x-kubernetes-preserve-unknown-fields']) ? untyped(schema) : schema;
}

/** OpenAPI 2 has no null and prunes what it does not list: such values are of any shape. */
function untyped({ type: _type, properties: _properties, items: _items, required: _required, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

function inner(props: JSONSchemaProps, writer: CustomWriter): Partial<JsonSchema> {
  const items = asSchema(props.items);
  const additional = asSchema(props.additionalProperties);
  const properties = entriesOf(props.properties);
  return {
    ...(properties.length > 0 && {
      properties: Object.fromEntries(properties.map(([name, property]) => [name, published(property, writer)])),
    }),
    ...(items && { items: published(items, writer) }),
    ...(additional && { additionalProperties: published(additional, writer) }),
    ...(writer.version === 'v3' && junctors(props)),
  };
}

/** Restrictions hold no structure: they are published as they are. */
function junctors({ allOf, anyOf, oneOf, not }: JSONSchemaProps): Partial<JsonSchema> {
  return Object.fromEntries(Object.entries({ allOf, anyOf, oneOf, not }).filter(([, value]) => value !== undefined)) as Partial<JsonSchema>;
}
