import type { JSONSchemaProps, ValidationRule } from '../schema/generated/types.ts';

/**
 * The structure of a custom resource: what pruning, defaulting, server-side apply and rules go by. What only restricts values stays in `props`.
 * Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions" (structural schemas).
 */
export interface StructuralSchema {
  /** The schema as the CustomResourceDefinition has it. */
  readonly props: JSONSchemaProps;
  /** `object`, `array`, `string`, …; '' for int-or-string, and where unknown fields are preserved without a type. */
  readonly type: string;
  readonly nullable: boolean;
  /** undefined: none. Shared: copy before use. */
  readonly default: unknown;
  readonly properties: ReadonlyMap<string, StructuralSchema>;
  /** What the values of fields beyond `properties` look like; `true`: anything. undefined: there are none. */
  readonly additional: StructuralSchema | true | undefined;
  readonly items: StructuralSchema | undefined;
  readonly preservesUnknown: boolean;
  /** apiVersion, kind and metadata are those of an object, and implicit. */
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listMapKeys: readonly string[];
  readonly validations: readonly ValidationRule[];
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema under `items` or `additionalProperties`, which may hold other things as well. */
export const asSchema = (value: unknown): JSONSchemaProps | undefined => (isMap(value) ? (value as JSONSchemaProps) : undefined);

/** Fields of objects come from clients: never look them up where Object.prototype answers. */
export const entriesOf = <T>(object: Readonly<Record<string, T>> | undefined): [string, T][] => Object.entries(object ?? {});

/** Reads the structure. Never throws: what is wrong with the schema, validation of the definition tells. */
export function toStructural(props: JSONSchemaProps): StructuralSchema {
  const items = asSchema(props.items);
  return {
    props,
    type: props.type ?? '',
    nullable: props.nullable ?? false,
    default: props.default ?? undefined,
    properties: new Map(entriesOf(props.properties).map(([name, property]) => [name, toStructural(property)])),
    additional: additionalOf(props.additionalProperties),
    items: items && toStructural(items),
    preservesUnknown: props['x-kubernetes-preserve-unknown-fields'] ?? false,
    embedded: props['x-kubernetes-embedded-resource'] ?? false,
    intOrString: props['x-kubernetes-int-or-string'] ?? false,
    listType: (props['x-kubernetes-list-type'] ?? 'atomic') as StructuralSchema['listType'],
    listMapKeys: props['x-kubernetes-list-map-keys'] ?? [],
    validations: props['x-kubernetes-validations'] ?? [],
  };
}

function additionalOf(value: unknown): StructuralSchema['additional'] {
  if (value === undefined || value === null || value === false) return undefined;
  const schema = asSchema(value);
  return schema ? toStructural(schema) : true;
}

/** What a field of an object is; undefined: the schema does not know it. */
export function fieldOf(schema: StructuralSchema, name: string): StructuralSchema | true | undefined {
  return schema.properties.get(name) ?? schema.additional;
}
