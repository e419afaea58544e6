import type { FieldType } from '../schema/index.ts';
import { type Message, type MessageField, messageWith, type Union } from './messages.ts';

interface UnionShape {
  readonly message: Message;
  /** What JSON shows of the message's fields. */
  toJson(parts: Readonly<Record<string, unknown>>): unknown;
  fromJson(value: unknown): Readonly<Record<string, unknown>>;
}

const SCHEMA: FieldType = { is: 'schema', name: 'JSONSchemaProps' };
const part = (name: string, number: number, type: FieldType): MessageField => ({ name, number, type, keepsZero: true });

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Types of apiextensions/v1 that JSON shows as one of several things, and lists of texts that are a message of their own (meta/v1 Verbs). */
export const UNIONS: Readonly<Record<Union, UnionShape>> = {
  schemaOrList: {
    message: messageWith([part('schema', 1, SCHEMA), part('list', 2, { is: 'list', items: SCHEMA })]),
    toJson: ({ schema, list }) => (isFilled(list) ? list : schema),
    fromJson: (value) => (Array.isArray(value) ? { list: value } : { schema: value }),
  },
  schemaOrBool: {
    message: messageWith([part('allows', 1, { is: 'scalar', scalar: 'bool' }), part('schema', 2, SCHEMA)]),
    toJson: ({ allows, schema }) => schema ?? allows,
    fromJson: (value) => (typeof value === 'boolean' ? { allows: value } : { allows: true, schema: value }),
  },
  strings: {
    message: messageWith([part('items', 1, { is: 'list', items: { is: 'scalar', scalar: 'string' } })]),
    toJson: ({ items }) => items ?? [],
    fromJson: (items) => ({ items }),
  },
  empty: { message: messageWith([]), toJson: () => ({}), fromJson: () => ({}) },
};
