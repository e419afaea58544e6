import { asSchema, entriesOf } from '../crd-schema/index.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';

export type FoundSchema =
  | { readonly schema: JSONSchemaProps; readonly path: string; readonly error?: undefined }
  | { readonly schema?: undefined; readonly error: string };

class PathFault extends Error {}

/**
 * Follows a simple path (`.spec.field`, `['key']`, `.map.key`) through a schema. `path` is the canonical spelling. Source: KEP-2876 (fieldPath), KEP-4358 (selectable fields), and in its
 * words ValidFieldPath (apiextensions-apiserver, schema/cel/validation.go).
 */
export function schemaAtPath(text: string, root: JSONSchemaProps, { indexes = true }: { indexes?: boolean } = {}): FoundSchema {
  try {
    return follow(tokensOf(text), root, indexes);
  } catch (error) {
    if (error instanceof PathFault) return { error: error.message };
    throw error;
  }
}

function follow(tokens: readonly string[], root: JSONSchemaProps, indexes: boolean): FoundSchema {
  let schema = root;
  let path = '';
  const rest = tokens[Symbol.iterator]();
  const next = (): string => {
    const { value, done } = rest.next();
    if (done) throw new PathFault('unexpected end of JSON path');
    return value;
  };
  const enter = (name: string): void => {
    const { isNamed, inner } = step(schema, name);
    path += isNamed ? `.${name}` : `[${name}]`;
    schema = inner;
  };
  for (const token of rest) {
    if (token === '.') enter(next());
    else if (token !== '[') throw new PathFault(`expected [ or . but got: ${token}`);
    else if (!indexes) throw new PathFault('array notation is not allowed');
    else {
      enter(unquoted(next()));
      const closing = next();
      if (closing !== ']') throw new PathFault(`expected ] but got ${closing}`);
    }
  }
  return { schema, path };
}

/** What is in a schema under a name: a property where it has any, else what all fields of a map are. */
function step(schema: JSONSchemaProps, name: string): { isNamed: boolean; inner: JSONSchemaProps } {
  const properties = new Map(entriesOf(schema.properties));
  const inner = properties.size > 0 ? properties.get(name) : asSchema(schema.additionalProperties);
  if (!inner) throw new PathFault('does not refer to a valid field');
  return { isNamed: properties.size > 0, inner };
}

/** Dots and brackets, what is between them, and quoted text whole. */
const tokensOf = (text: string): string[] => text.match(/'(?:[^'\\]|\\.)*'|'.*|[.[\]]|[^.[\]']?[^.[\]]*/gs)?.filter(Boolean) ?? [];

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' };

function unquoted(token: string): string {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) {
    throw new PathFault(`expected single quoted string but got ${token}`);
  }
  return token.slice(1, -1).replace(/\\(.)/gs, (escaped, letter: string) => {
    const meant = ESCAPES[letter];
    if (meant === undefined) throw new PathFault(`invalid string literal: invalid escape char ${escaped}`);
    return meant;
  });
}
