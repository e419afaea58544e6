import generated from './generated/schemas.json' with { type: 'json' };

/** A leaf of an object: its JSON type and, for strings, its syntax. */
export type Scalar =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bool'
  | 'byte'
  | 'time'
  | 'microTime'
  | 'quantity'
  | 'intOrString'
  | 'any'
  | 'object';

export type FieldType =
  | { readonly is: 'scalar'; readonly scalar: Scalar }
  | { readonly is: 'schema'; readonly name: string }
  | { readonly is: 'list'; readonly items: FieldType }
  | { readonly is: 'map'; readonly values: FieldType };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** As OpenAPI marks it; schema/required.ts says what validation makes of it. */
  readonly required: boolean;
}

/** The structural schema of one type of the API. The TypeScript interface has the same name. */
export interface Schema {
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
}

/** One line of text per schema: a tenth of the memory of object trees, of which a server ever needs a few. */
const texts: Readonly<Record<string, string>> = generated;
const parsed = new Map<string, Schema>();

/** Changes when any schema does. */
export const schemasFingerprint = (): string => JSON.stringify(texts);

export const schemaNames = (): readonly string[] => Object.keys(texts);

/** undefined: no such schema, such as a kind that a CustomResourceDefinition brought. */
export function findSchema(name: string): Schema | undefined {
  const known = parsed.get(name);
  if (known) return known;
  const schema = readSchema(name);
  if (schema) parsed.set(name, schema);
  return schema;
}

/** As findSchema, for those that read many schemas once: what is read is not kept in memory. */
export function readSchema(name: string): Schema | undefined {
  const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
  return text === undefined ? undefined : { name, fields: parseFields(text) };
}

/** Throws on a name that no schema has: a mistake in a definition. */
export function schemaOf(name: string): Schema {
  const schema = findSchema(name);
  if (!schema) throw new Error(`no schema is called ${name}`);
  return schema;
}

/** `containers!:[]Container hostNetwork:bool` (scripts/generate-schemas.ts writes it). */
function parseFields(text: string): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const entry of text.split(' ').filter(Boolean)) {
    const colon = entry.indexOf(':');
    const required = entry[colon - 1] === '!';
    const name = entry.slice(0, required ? colon - 1 : colon);
    fields.set(name, { name, required, type: parseType(entry.slice(colon + 1)) });
  }
  return fields;
}

function parseType(text: string): FieldType {
  if (text.startsWith('[]')) return { is: 'list', items: parseType(text.slice(2)) };
  if (text.startsWith('{}')) return { is: 'map', values: parseType(text.slice(2)) };
  return /^[A-Z]/.test(text) ? { is: 'schema', name: text } : { is: 'scalar', scalar: text as Scalar };
}
