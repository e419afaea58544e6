import { isGoInteger } from '../meta/go-number.ts';
import { isMap } from './structural.ts';

/** Reads every value that a path names, in order. */
export type JsonPath = (root: unknown) => readonly unknown[];

type Step = (values: readonly unknown[]) => readonly unknown[];

/** The path as it stands cannot be read. */
export class JsonPathError extends Error {}

/** The path meets something else than it expects: then it leads to nothing at all. */
class Misfit extends Error {}

/**
 * Kubernetes' JSONPath without templates, as printer columns use it: `.spec.replicas`, `.metadata.annotations['a.b/c']`, `.a\.b`, `.list[0]`, `[-1]`, `[*]`, `[0:2]`,
 * `..name`, `.status.conditions[?(@.type=="Ready")].status`. Missing keys read as nothing. Throws JsonPathError.
 * Source: Kubernetes, "JSONPath Support", and client-go's util/jsonpath.
 */
export function compileJsonPath(text: string): JsonPath {
  const read = compileSteps(text);
  return (root) => {
    try {
      return read(root);
    } catch (error) {
      if (error instanceof Misfit) return [];
      throw error;
    }
  };
}

function compileSteps(text: string): JsonPath {
  const steps = new PathReader(text).steps();
  return (root) => steps.reduce<readonly unknown[]>((values, step) => step(values), [root]);
}

const childOf =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isMap(value) && Object.hasOwn(value, name) ? [value[name]] : []));

const everything: Step = (values) => values.flatMap((value) => (Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []));

const descendants: Step = (values) => values.flatMap((value) => [value, ...descendants(everything([value]))]);

/** Null has no items, anything else but a list is a misfit, and so are bounds that are not within it. */
function slice(from: number, to: number | undefined, by = 1): Step {
  return (values) =>
    values.flatMap((value) => {
      if (value === null) return [];
      if (!Array.isArray(value)) throw new Misfit('no list');
      const { length } = value;
      const [first, end] = [from < 0 ? from + length : from, to === undefined ? length : to < 0 ? to + length : to];
      if (first === end) return [];
      if (first < 0 || first >= length || end < first || end > length || by <= 0) throw new Misfit('out of bounds');
      return value.slice(first, end).filter((_, i) => i % by === 0);
    });
}

const at = (index: number): Step => slice(index, index === -1 ? undefined : index + 1);

class PathReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  steps(): Step[] {
    const steps: Step[] = [];
    if (this.#text[this.#at] === '$' || this.#text[this.#at] === '@') this.#at += 1;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === '[') steps.push(this.#bracket());
      else if (this.#take('..')) steps.push(descendants, ...(this.#isName() ? [this.#child()] : []));
      else if (this.#take('.')) {
        if (this.#isName()) steps.push(this.#child());
      } else if (steps.length === 0 && this.#isName()) steps.push(this.#child());
      else throw this.#error(`unexpected ${JSON.stringify(char)}`);
    }
    return steps;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #isName = () => this.#at < this.#text.length && !'.[] {}'.includes(this.#text[this.#at] ?? '');

  #child(): Step {
    let name = '';
    for (; this.#isName(); this.#at += 1) {
      if (this.#text[this.#at] === '\\') this.#at += 1;
      name += this.#text[this.#at] ?? '';
    }
    return name === '*' ? everything : childOf(name);
  }

  #bracket(): Step {
    const end = this.#closing();
    const inner = this.#text.slice(this.#at + 1, end).trim();
    this.#at = end + 1;
    if (inner === '*') return slice(0, undefined);
    const filter = /^\?\((.*)\)$/s.exec(inner);
    if (filter) return filterStep(filter[1] ?? '');
    const parts = splitOutsideQuotes(inner, ',').map((part) => this.#selector(part.trim()));
    return (values) => parts.flatMap((part) => part(values));
  }

  #selector(text: string): Step {
    // A key in quotes is read as a path of its own: its dots are escaped, or lead further.
    const quoted = /^'([^']*)'$/s.exec(text);
    if (quoted) {
      const steps = new PathReader(`.${quoted[1] ?? ''}`).steps();
      return (values) => steps.reduce((inside, step) => step(inside), values);
    }
    if (/^-?\d+$/.test(text)) return at(Number(text));
    const range = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(text);
    if (!range) throw this.#error(`invalid array index ${text}`);
    const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));
    return slice(number(range[1]) ?? 0, number(range[2]), number(range[3]));
  }

  /** The bracket that closes this one, quotes and nested brackets aside. */
  #closing(): number {
    let depth = 0;
    let quote: string | undefined;
    for (let i = this.#at; i < this.#text.length; i++) {
      const char = this.#text[i];
      if (char === '\\') i += 1;
      else if (quote) quote = char === quote ? undefined : quote;
      else if (char === '"' || char === "'") quote = char;
      else if (char === '[') depth += 1;
      else if (char === ']') {
        depth -= 1;
        if (depth === 0) return i;
      }
    }
    throw this.#error('unterminated array');
  }

  #error = (why: string) => new JsonPathError(`${why} in ${JSON.stringify(this.#text)}`);
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = [''];
  let quote: string | undefined;
  for (const char of text) {
    if (quote) quote = char === quote ? undefined : quote;
    else if (char === '"' || char === "'") quote = char;
    if (char === separator && !quote) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}

/** What can be compared is of one kind; whole numbers and others are of two. */
function kindOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return isGoInteger(value) ? 'int' : 'float';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value;
  throw new Misfit('no comparable value');
}

type Ordered = string | number;
const OPERATORS: Readonly<Record<string, (left: Ordered, right: Ordered) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
};

interface Operand {
  readonly read: JsonPath;
  /** Of a number that is written out with a fraction, whatever that is. */
  readonly kind?: string;
}

/** `@.type=="Ready"`, `@.port>80`, or `@.name` alone: is it there? */
function filterStep(text: string): Step {
  const match = /^((?:"[^"]*"|'[^']*'|[^=!<>"'])+?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/s.exec(text.trim());
  const left = operand(match?.[1] ?? text);
  const right = match ? operand(match[3] ?? '') : undefined;
  const keeps = (item: unknown) => (right ? compares(left, match?.[2] ?? '', right, item) : left.read(item).length > 0);
  return (values) =>
    values.flatMap((value) => {
      if (!Array.isArray(value)) throw new Misfit('no list');
      return value.filter(keeps);
    });
}

function compares(left: Operand, operator: string, right: Operand, item: unknown): boolean {
  const found = left.read(item);
  const wanted = right.read(item);
  if (found.length === 0 || wanted.length === 0) return false;
  if (found.length > 1 || wanted.length > 1) throw new Misfit('more than one value');
  const [kind, other] = [left.kind ?? kindOf(found[0]), right.kind ?? kindOf(wanted[0])];
  const isOrder = operator !== '==' && operator !== '!=';
  if (kind !== other || (isOrder && kind === 'boolean')) throw new Misfit('values that do not compare');
  return OPERATORS[operator]?.(found[0] as Ordered, wanted[0] as Ordered) ?? false;
}

function operand(text: string): Operand {
  const trimmed = text.trim();
  if (trimmed.startsWith('@') || trimmed.startsWith('$')) return { read: compileSteps(trimmed) };
  const quoted = /^'(.*)'$|^"(.*)"$/s.exec(trimmed);
  if (quoted) return { read: () => [quoted[1] ?? quoted[2]] };
  if (trimmed === 'true' || trimmed === 'false') return { read: () => [trimmed === 'true'] };
  const number = Number(trimmed);
  if (trimmed === '' || Number.isNaN(number)) throw new JsonPathError(`cannot read ${JSON.stringify(text)}`);
  return { read: () => [number], kind: /^[+-]?\d+$/.test(trimmed) ? 'int' : 'float' };
}
