import { formatGoDuration, goDurationNanos } from '../../base/go-duration.ts';
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

const NANOS_PER_MS = 1e6;
const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Types of apiextensions/v1 that JSON shows as one of several things, and what is a message of its own of meta/v1: lists of texts (Verbs) and durations, to the millisecond. */
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
  duration: {
    message: messageWith([part('duration', 1, { is: 'scalar', scalar: 'int64' })]),
    toJson: ({ duration = 0 }) => formatGoDuration(Number(duration) / NANOS_PER_MS),
    fromJson: (text) => ({ duration: goDurationNanos(String(text)) }),
  },
  empty: { message: messageWith([]), toJson: () => ({}), fromJson: () => ({}) },
};
