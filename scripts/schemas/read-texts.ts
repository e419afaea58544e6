import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What upstream's OpenAPI document says of one field, beyond its type. */
export interface FieldText {
  readonly description: string;
  /** The values that the field may have, sorted; empty: any. */
  readonly values: readonly string[];
  /** `Possible enum values:` and a line a value, as upstream appends it to the description. */
  readonly valueNotes: string;
}

/** By field; what is said of the type itself is under the empty name. */
export type ModelTexts = ReadonlyMap<string, FieldText>;

const PACKAGES = ['kubernetes-models', '@kubernetes-models/apimachinery'];
/** A comment before what it is about, if there is one. */
const COMMENT = String.raw`(?:/\*\*\n((?:(?!\*/)[\s\S])*)\*/\s*)?`;
const VALUE_NOTES = 'Possible enum values:';

/**
 * Texts by field, found by the name of a model of @kubernetes/client-node (`V1PodSpec`). That package has no texts of fields that hold one struct, and none of the values;
 * kubernetes-models, made from the same release's document, has both. It names types by their full names (`IoK8sApiCoreV1PodSpec`), of which client-node's are the endings.
 */
export function readTexts(): (model: string) => ModelTexts {
  const byFullName = new Map(PACKAGES.flatMap(filesOf).flatMap(readInterface));
  return (model) => {
    const found = [...byFullName.keys()].filter((fullName) => fullName.endsWith(model));
    if (found.length > 1) throw new Error(`${model} may be ${found.join(' or ')}`);
    return byFullName.get(found[0] ?? '') ?? new Map();
  };
}

function filesOf(name: string): string[] {
  const root = dirname(fileURLToPath(import.meta.resolve(name)));
  return globSync('**/*.d.ts', { cwd: root, exclude: ['_schemas', 'node_modules'] }).map((file) => `${root}/${file}`);
}

function readInterface(file: string): [string, ModelTexts][] {
  const text = readFileSync(file, 'utf8');
  const fullName = /^export type \{ \w+ as I(Io\w+)/m.exec(text)?.[1];
  const found = new RegExp(`^${COMMENT}export interface \\w+( extends TypeMeta)?[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(text);
  if (fullName === undefined || !found) return [];
  const [, own, isKind, body = ''] = found;
  const fields = [...body.matchAll(new RegExp(`^ {4}${COMMENT}"([^"]+)"\\??: (.*)$`, 'gm'))];
  const texts = fields.map(([, comment, name = '', type = '']): [string, FieldText] => [
    name,
    fieldText(plainText(comment), isKind && isTypeMeta(name) ? '' : type),
  ]);
  return [[fullName, new Map([['', fieldText(plainText(own), '')], ...texts])]];
}

/** Each model there allows for its own kind alone: no list of values of upstream's. */
const isTypeMeta = (field: string) => field === 'apiVersion' || field === 'kind';

function fieldText(text: string, type: string): FieldText {
  const notes = text.indexOf(VALUE_NOTES);
  const description = (notes < 0 ? text : text.slice(0, notes)).trimEnd();
  const literals = /^(?:Array<)?("[^"]*"(?: \| "[^"]*")*)>?;$/.exec(type)?.[1];
  const values = literals === undefined ? [] : (JSON.parse(`[${literals.replaceAll(' | ', ',')}]`) as string[]);
  return { description, values, valueNotes: notes < 0 ? '' : text.slice(notes) };
}

const plainText = (comment = ''): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .filter((line) => line !== '@deprecated')
    .join('\n')
    .replaceAll('\\*', '*')
    .replaceAll('*\\/', '*/')
    .trim();
