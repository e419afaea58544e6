/**
 * What apply must know of the type of a value: how its parts are owned and merged. `built-in-type.ts` reads it from the schemas of built-in kinds,
 * `openapi-type.ts` from the schema of a custom resource; `DEDUCED` is for values without one.
 * A value is looked at by the part that fits it; a type may have several (`x-kubernetes-preserve-unknown-fields`, RawExtension).
 */
export interface ApplyType {
  /** For the messages about what does not fit. */
  readonly scalar?: 'numeric' | 'string' | 'boolean' | 'untyped';
  readonly list?: ApplyListType;
  readonly map?: ApplyMapType;
}

export interface ApplyListType {
  /** One owner for the whole list; or owners by element, which is its own identity (`set`) or has one in its keys (`map`). */
  readonly relation: 'atomic' | 'set' | 'map';
  readonly items: ApplyType;
  /** Of relation `map`, in ascending order. */
  readonly keys: readonly ApplyKey[];
}

export interface ApplyKey {
  readonly name: string;
  /** `"name":`. */
  readonly text: string;
  /** What an element without the key counts as having. */
  readonly default: string | number | bigint | boolean | undefined;
}

export const applyKey = (name: string, absent: ApplyKey['default']): ApplyKey => ({
  name,
  text: `${JSON.stringify(name)}:`,
  default: absent,
});

export interface ApplyMapType {
  /** One owner for the whole value. */
  readonly atomic: boolean;
  /** Fields that the schema names; a struct has these alone, a map has none. */
  readonly fields: ReadonlyMap<string, ApplyField>;
  /** The values of all other fields. undefined: there may be none. */
  readonly values: ApplyType | undefined;
}

export interface ApplyField {
  /** Read on use: types refer to each other and to themselves. */
  readonly type: ApplyType;
  /** `f:name`. */
  readonly element: string;
  /** Upstream's Go type always writes this field, so it counts as there even before anybody has set it. */
  readonly alwaysThere: boolean;
}

const NO_NAMED_FIELDS: ReadonlyMap<string, ApplyField> = new Map();

export const granularMap = (values: ApplyType, atomic = false): ApplyMapType => ({ atomic, fields: NO_NAMED_FIELDS, values });
export const atomicList = (items: ApplyType): ApplyListType => ({ relation: 'atomic', items, keys: [] });

function atomicPart(): ApplyType {
  const type: { scalar: 'untyped'; list?: ApplyListType; map?: ApplyMapType } = { scalar: 'untyped' };
  type.list = atomicList(type);
  type.map = granularMap(type, true);
  return type;
}

/** A value of any kind that has one owner. */
export const ATOMIC: ApplyType = atomicPart();

function deduced(): ApplyType {
  const type: { scalar: 'untyped'; list: ApplyListType; map?: ApplyMapType } = { scalar: 'untyped', list: atomicList(ATOMIC) };
  type.map = granularMap(type);
  return type;
}

/** Without a schema: objects merge field by field, lists have one owner. */
export const DEDUCED: ApplyType = deduced();

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The part of the type that a value is looked at by; null fits any. */
export type Shape =
  | { readonly is: 'leaf' }
  | { readonly is: 'map'; readonly map: ApplyMapType }
  | { readonly is: 'list'; readonly list: ApplyListType };

/** Type and name of the element of a map. undefined: the type has no such field. */
export const partType = (map: ApplyMapType, name: string): ApplyType | undefined => map.fields.get(name)?.type ?? map.values;
