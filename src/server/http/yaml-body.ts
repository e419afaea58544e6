import {
  type Document,
  type DocumentOptions,
  isAlias,
  isCollection,
  isNode,
  isScalar,
  type Node,
  type ParseOptions,
  parseAllDocuments,
  parseDocument,
  type SchemaOptions,
  visit,
  type YAMLError,
} from 'yaml';
import { GO_SCALARS } from './yaml-scalars.ts';

/** A YAML document may repeat its anchors this often: a bomb of nested aliases is refused. */
const MAX_YAML_ALIASES = 100;

export interface YamlBody {
  readonly value: unknown;
  /** Keys that are there twice, each in the words of Go's yaml package. The last one counts. */
  readonly repeated: readonly string[];
}

/** All of them as the one error that Go makes of them. */
export const unmarshalErrors = (repeated: readonly string[]): string => `yaml: unmarshal errors:\n  ${repeated.join('\n  ')}`;

/** The text is no YAML, or none that JSON could say. */
export class YamlFault extends Error {}

/** Throws YamlFault. */
export function readYaml(text: string): YamlBody {
  const document = firstDocument(text);
  const fault = document.errors.find((error) => !isRepeatedKey(error));
  if (fault) throw new YamlFault(wordsOf(fault));
  return { value: toValue(document), repeated: repeatedKeys(text, document.errors) };
}

/** Without the place in the text, which is drawn on further lines. */
function wordsOf({ message, linePos }: YAMLError): string {
  const words = message.replace(/ at line \d+, column \d+:.*$/s, '');
  return words.startsWith('json: ') ? words : `yaml: line ${linePos?.[0].line}: ${words}`;
}

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: [...GO_SCALARS],
  merge: true,
  uniqueKeys: true,
  resolveKnownTags: false,
};

/** Go reads the first document and leaves the others. */
function firstDocument(text: string): Document.Parsed {
  const documents = parseAllDocuments(text, OPTIONS);
  return (Array.isArray(documents) ? documents[0] : undefined) ?? parseDocument('');
}

function toValue(document: Document.Parsed): unknown {
  try {
    refuseCircles(document);
    refuseKeys(document);
    return document.toJS({ maxAliasCount: MAX_YAML_ALIASES });
  } catch (cause) {
    throw new YamlFault(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Keys are texts, or become texts. */
function refuseKeys(document: Document.Parsed): void {
  visit(document, {
    Pair(_, { key }) {
      if (isCollection(key)) throw new Error(`yaml: invalid map key: ${JSON.stringify(key.toJSON())}`);
      if (key === null || (isScalar(key) && key.value === null)) throw new Error('unsupported map key of type: %!s(<nil>), key: <nil>');
    },
  });
}

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
