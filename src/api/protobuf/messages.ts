import { type FieldType, keepsZero, type Schema, schemaOf } from '../schema/index.ts';
import { fieldNumbers } from './numbers/index.ts';

/** Values that are a message of their own on the wire, of which JSON shows only the content. */
export type Union = 'schemaOrList' | 'schemaOrBool' | 'strings' | 'empty' | 'duration';

export interface MessageField {
  readonly number: number;
  readonly name: string;
  readonly type: FieldType | { readonly is: 'union'; readonly union: Union };
  /** A zero says something. Other fields have theirs on the wire although nobody set them. */
  readonly keepsZero: boolean;
}

/** An embedded struct: a message on the wire, whose fields JSON shows among those of the struct that holds it. */
export interface Embedded {
  readonly number: number;
  readonly embeds: Message;
}

/** How one type is laid out on the wire. */
export interface Message {
  readonly fields: readonly (MessageField | Embedded)[];
  readonly byNumber: ReadonlyMap<number, MessageField | Embedded>;
}

/** meta.k8s.io/v1 PartialObjectMetadata, which has no schema of its own. */
export const PARTIAL_METADATA = 'PartialObjectMetadata';
const partialMetadata = messageWith([{ number: 1, name: 'metadata', keepsZero: false, type: { is: 'schema', name: 'ObjectMeta' } }]);

const compiled = new Map<string, Message>([[PARTIAL_METADATA, partialMetadata]]);

/** The message of a schema. Throws on a schema that protobuf does not know (`hasMessage`): a mistake in a definition. */
export function messageOf(schema: string): Message {
  const known = compiled.get(schema);
  if (known) return known;
  const made = compile(schema, schemaOf(schema));
  compiled.set(schema, made);
  return made;
}

export const hasMessage = (schema: string): boolean => compiled.has(schema) || Object.hasOwn(fieldNumbers, schema);

export function messageWith(fields: readonly (MessageField | Embedded)[]): Message {
  return { fields, byNumber: new Map(fields.map((field) => [field.number, field])) };
}

/**
 * Reads a line of the tables: `name=1 replicas=2 ...VolumeSource=3 items:schemaOrList=4`. `...` marks an embedded struct, whose fields are among those
 * of the schema; `:` a union.
 */
function compile(name: string, schema: Schema): Message {
  const text = fieldNumbers[name];
  if (text === undefined) throw new Error(`no protobuf field numbers for ${name}`);
  return messageWith(
    text
      .split(/\s+/)
      .filter(Boolean)
      .map((entry) => fieldOf(entry, schema)),
  );
}

const ENTRY = /^(\.\.\.)?([^:=]+)(?::(\w+))?=(\d+)$/;

function fieldOf(entry: string, schema: Schema): MessageField | Embedded {
  const [, embedded, name = '', union, digits] = ENTRY.exec(entry) ?? [];
  const number = Number(digits);
  if (embedded) return { number, embeds: compile(name, schema) };
  const field = schema.fields.get(name);
  if (!field) throw new Error(`${schema.name} has no field ${entry}`);
  const type = union === undefined ? field.type : ({ is: 'union', union: union as Union } as const);
  return { number, name, keepsZero: keepsZero(schema.name, field), type };
}
