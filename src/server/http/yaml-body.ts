import {
  Composer,
  type Document,
  type DocumentOptions,
  isAlias,
  isCollection,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type ParseOptions,
  Parser,
  parseDocument,
  type SchemaOptions,
  visit,
  type YAMLError,
} from 'yaml';
import { GO_SCALARS } from './yaml-scalars.ts';

/** A YAML document may repeat its anchors this often: a bomb of nested aliases is refused. */
const MAX_YAML_ALIASES = 100;
/** Lists and objects within one another: composing deeper ones takes minutes, and fails in the end. */
const MAX_DEPTH = 1000;

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
  refuseDepth(text);
  const lines = new LineCounter();
  const document = firstDocument(text, lines);
  const [fault] = document.errors;
  if (fault) throw new YamlFault(wordsOf(fault, lines));
  return { value: toValue(document), repeated: repeatedKeys(document, lines) };
}

const OPENERS = /[[{]|[-?][ \t]/g;

function refuseDepth(text: string): void {
  if (text.length < MAX_DEPTH || (text.match(OPENERS)?.length ?? 0) <= MAX_DEPTH) return;
  let [flow, row] = [0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow -= 1;
    else if (token === '-' || token === '?') row += 1;
    else if (token === '\n' || token === '\r\n') row = 0;
    if (flow > MAX_DEPTH || row > MAX_DEPTH) throw new YamlFault(`yaml: exceeded max depth of ${MAX_DEPTH}`);
  }
}

const wordsOf = ({ message, pos: [at] }: YAMLError, lines: LineCounter): string =>
  message.startsWith('json: ') ? message : `yaml: line ${lines.linePos(at).line}: ${message}`;

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: [...GO_SCALARS],
  merge: true,
  uniqueKeys: false,
  resolveKnownTags: false,
};

/** Go reads the first document and leaves the others. */
function firstDocument(text: string, lines: LineCounter): Document.Parsed {
  const [first] = new Composer({ ...OPTIONS, lineCounter: lines }).compose(new Parser(lines.addNewLine).parse(text));
  return first ?? parseDocument('');
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

/** Here and not by the library, which compares each key with all before it. */
function repeatedKeys(document: Document.Parsed, lines: LineCounter): string[] {
  const found: { readonly at: number; readonly key: string }[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) found.push({ at: key.range?.[0] ?? 0, key: key.source ?? String(key.value) });
        seen.add(key.value);
      }
    },
  });
  return found
    .sort((a, b) => a.at - b.at)
    .map(({ at, key }) => `line ${lines.linePos(at).line}: key ${JSON.stringify(key)} already set in map`);
}
