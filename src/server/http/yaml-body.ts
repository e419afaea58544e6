import { type Document, isAlias, isNode, type Node, parseAllDocuments, parseDocument, visit, type YAMLError } from 'yaml';
import { exactInteger } from '../../base/exact-json.ts';
import { badRequest } from '../registry/errors.ts';

/** A YAML document may repeat its anchors this often: a bomb of nested aliases is refused. */
const MAX_YAML_ALIASES = 100;

export interface YamlBody {
  readonly value: unknown;
  /** Keys that are there twice, each in the words of Go's yaml package. The last one counts. */
  readonly repeated: readonly string[];
}

/** All of them as the one error that Go makes of them. */
export const unmarshalErrors = (repeated: readonly string[]): string => `yaml: unmarshal errors:\n  ${repeated.join('\n  ')}`;

/** Throws BadRequest for what is no YAML; `saying` is what it begins with. */
export function readYaml(text: string, { saying = '' }: { saying?: string } = {}): YamlBody {
  const document = firstDocument(text);
  const fault = document.errors.find((error) => !isRepeatedKey(error));
  if (fault) throw badRequest(`${saying}error converting YAML to JSON: ${fault.message}`);
  return { value: toValue(document, saying), repeated: repeatedKeys(text, document.errors) };
}

/** Go reads the first document and leaves the others. */
function firstDocument(text: string): Document.Parsed {
  const documents = parseAllDocuments(text, { merge: true, uniqueKeys: true, resolveKnownTags: false, intAsBigInt: true });
  return (Array.isArray(documents) ? documents[0] : undefined) ?? parseDocument('');
}

function toValue(document: Document.Parsed, saying: string): unknown {
  try {
    refuseCircles(document);
    return document.toJS({ maxAliasCount: MAX_YAML_ALIASES, reviver: (_, each: unknown) => asNumber(each) });
  } catch (cause) {
    throw badRequest(`${saying}error converting YAML to JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

const asNumber = (value: unknown): unknown => (typeof value === 'bigint' ? (exactInteger(value) ?? Number(value)) : value);

/** An alias can only name what stands before it: one that makes a circle stands within what it names. */
function refuseCircles(document: Document.Parsed): void {
  const anchored = new Map<string, Node>();
  visit(document, (_, node, path) => {
    if (isAlias(node)) {
      const named = anchored.get(node.source);
      if (named && path.includes(named)) throw new Error(`yaml: anchor '${node.source}' value contains itself`);
    } else if (isNode(node) && node.anchor) anchored.set(node.anchor, node);
  });
}

const isRepeatedKey = ({ code }: YAMLError): boolean => code === 'DUPLICATE_KEY';

const repeatedKeys = (text: string, errors: readonly YAMLError[]): string[] =>
  errors.map(({ pos: [at], linePos }) => `line ${linePos?.[0].line}: key ${JSON.stringify(keyAt(text, at))} already set in map`);

const KEY = /"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|[^\s:]+/y;

function keyAt(text: string, at: number): string {
  KEY.lastIndex = at;
  const [plain = '', double, single] = KEY.exec(text) ?? [];
  return double ?? single ?? plain;
}
