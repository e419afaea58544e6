import { asSchema, entriesOf } from '../crd-schema/index.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';

export type FoundSchema =
  | { readonly schema: JSONSchemaProps; readonly path: string; readonly error?: undefined }
  | { readonly schema?: undefined; readonly error: string };

/**
 * Follows a simple path (`.spec.field`, `['key']`, `.map.key`) through a schema. `path` is the canonical spelling. Source: KEP-2876 (fieldPath) and KEP-4358
 * (selectable fields).
 */
export function schemaAtPath(text: string, root: JSONSchemaProps, { indexes = true }: { indexes?: boolean } = {}): FoundSchema {
  const steps = stepsOf(text);
  if (!steps) return { error: 'invalid path' };
  let schema: JSONSchemaProps | undefined = root;
  let path = '';
  for (const step of steps) {
    if (step.quoted && !indexes && !/^[a-zA-Z_]/.test(step.name)) return { error: 'does not refer to a valid field' };
    const property: JSONSchemaProps | undefined = new Map(entriesOf(schema.properties)).get(step.name);
    const next: JSONSchemaProps | undefined =
      property ?? (step.name === 'metadata' && schema === root ? META : asSchema(schema.additionalProperties));
    if (!next) return { error: `does not refer to a valid field` };
    path += property || next === META ? `.${step.name}` : `[${step.name}]`;
    schema = next;
  }
  return { schema, path };
}

const STRING: JSONSchemaProps = { type: 'string' };
/** What every object has without its schema saying so. */
const META: JSONSchemaProps = { type: 'object', properties: { name: STRING, generateName: STRING, namespace: STRING } };

interface PathStep {
  readonly name: string;
  readonly quoted: boolean;
}

function stepsOf(text: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  const step = /\.([a-zA-Z_][a-zA-Z0-9_-]*)|\['((?:[^'\\]|\\.)*)'\]/y;
  for (let at = 0; at < text.length; at = step.lastIndex) {
    step.lastIndex = at;
    const match = step.exec(text);
    if (!match) return undefined;
    steps.push(
      match[1] === undefined ? { name: (match[2] ?? '').replace(/\\(.)/g, '$1'), quoted: true } : { name: match[1], quoted: false },
    );
  }
  return steps.length > 0 ? steps : undefined;
}
