import numbers from './protobuf-fields.json' with { type: 'json' };
import { type FieldType, findSchema } from './schema.ts';

/**
 * Field numbers of the API's messages (Kubernetes 1.36; facts that the public k8s.io/api types state), one line per schema:
 * `name=1 emptyDir!=2.2`. A path with a dot goes through a message that JSON inlines. `!`: the field is a pointer or always written, so
 * that its zero value means something; zero values of others are as good as absent.
 */
const lines: Readonly<Record<string, string>> = numbers;

export interface WireField {
  readonly name: string;
  readonly type: FieldType;
  readonly keepsZero: boolean;
}

/** What the fields of one message are, by number. `inline`: the number of a message whose fields belong to this object. */
export interface WireMessage {
  readonly fields: ReadonlyMap<number, WireField>;
  readonly inline: ReadonlyMap<number, WireMessage>;
}

interface Building {
  readonly fields: Map<number, WireField>;
  readonly inline: Map<number, Building>;
}

const parsed = new Map<string, WireMessage>();

/** undefined: not a message of the built-in API. */
export function wireMessage(schema: string): WireMessage | undefined {
  const known = parsed.get(schema);
  if (known) return known;
  const line = Object.hasOwn(lines, schema) ? lines[schema] : undefined;
  const fields = findSchema(schema)?.fields;
  if (line === undefined || !fields) return undefined;
  const message: Building = { fields: new Map(), inline: new Map() };
  for (const token of line.split(' ').filter(Boolean)) {
    const [marked = '', path = ''] = token.split('=');
    const name = marked.replace('!', '');
    const field = fields.get(name);
    if (field) place(message, path.split('.').map(Number), { name, type: field.type, keepsZero: marked.endsWith('!') });
  }
  parsed.set(schema, message);
  return message;
}

function place(message: Building, [number = 0, ...rest]: readonly number[], field: WireField): void {
  if (rest.length === 0) {
    message.fields.set(number, field);
    return;
  }
  let inner = message.inline.get(number);
  if (!inner) {
    inner = { fields: new Map(), inline: new Map() };
    message.inline.set(number, inner);
  }
  place(inner, rest, field);
}
