import { isMap } from './structural.ts';

/** Reads every value that a path names, in order. */
export type JsonPath = (root: unknown) => readonly unknown[];

type Step = (values: readonly unknown[]) => readonly unknown[];

/** The path as it stands cannot be read. */
export class JsonPathError extends Error {}

/**
 * Kubernetes' JSONPath without templates, as printer columns use it: `.spec.replicas`, `.metadata.annotations['a.b/c']`, `.a\.b`, `.list[0]`, `[-1]`, `[*]`, `[0:2]`,
 * `..name`, `.status.conditions[?(@.type=="Ready")].status`. Missing keys read as nothing. Throws JsonPathError.
 * Source: Kubernetes, "JSONPath Support".
 */
export function compileJsonPath(text: string): JsonPath {
  const reader = new PathReader(text);
  const steps = reader.steps();
  return (root) => steps.reduce<readonly unknown[]>((values, step) => step(values), [root]);
}

const childOf =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isMap(value) && Object.hasOwn(value, name) ? [value[name]] : []));

const everything: Step = (values) => values.flatMap((value) => (Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []));

const descendants: Step = (values) => values.flatMap((value) => [value, ...descendants(everything([value]))]);

function slice(from: number | undefined, to: number | undefined, by: number): Step {
  return (values) => values.flatMap((value) => (Array.isArray(value) ? value.slice(from, to).filter((_, i) => i % by === 0) : []));
}

const at =
  (index: number): Step =>
  (values) =>
    values.flatMap((value) => (Array.isArray(value) && value.at(index) !== undefined ? [value.at(index)] : []));

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
    if (inner === '*') return everything;
    const filter = /^\?\((.*)\)$/s.exec(inner);
    if (filter) return filterStep(filter[1] ?? '');
    const parts = splitOutsideQuotes(inner, ',').map((part) => this.#selector(part.trim()));
    return (values) => parts.flatMap((part) => part(values));
  }

  #selector(text: string): Step {
    const quoted = /^'(.*)'$|^"(.*)"$/s.exec(text);
    if (quoted) return childOf((quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1'));
    if (/^-?\d+$/.test(text)) return at(Number(text));
    const range = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(text);
    if (!range) throw this.#error(`invalid array index ${text}`);
    const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));
    return slice(number(range[1]), number(range[2]), Math.max(1, number(range[3]) ?? 1));
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

const OPERATORS: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<=': (left, right) => typeof left === typeof right && (left as string) <= (right as string),
  '>=': (left, right) => typeof left === typeof right && (left as string) >= (right as string),
  '<': (left, right) => typeof left === typeof right && (left as string) < (right as string),
  '>': (left, right) => typeof left === typeof right && (left as string) > (right as string),
};

/** `@.type=="Ready"`, `@.port>80`, or `@.name` alone: is it there? */
function filterStep(text: string): Step {
  const match = /^((?:"[^"]*"|'[^']*'|[^=!<>"'])+?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/s.exec(text.trim());
  const left = operand(match?.[1] ?? text);
  const right = match ? operand(match[3] ?? '') : undefined;
  const compare = OPERATORS[match?.[2] ?? ''];
  const keeps = (item: unknown) => {
    const found = left(item);
    if (!right || !compare) return found.length > 0;
    const wanted = right(item);
    return found.length > 0 && wanted.length > 0 && compare(found[0], wanted[0]);
  };
  return (values) => everything(values.filter((value) => typeof value === 'object')).filter(keeps);
}

function operand(text: string): JsonPath {
  const trimmed = text.trim();
  if (trimmed.startsWith('@') || trimmed.startsWith('$')) return compileJsonPath(trimmed);
  const quoted = /^'(.*)'$|^"(.*)"$/s.exec(trimmed);
  if (quoted) return () => [quoted[1] ?? quoted[2]];
  if (trimmed === 'true' || trimmed === 'false') return () => [trimmed === 'true'];
  const number = Number(trimmed);
  if (trimmed === '' || Number.isNaN(number)) throw new JsonPathError(`cannot read ${JSON.stringify(text)}`);
  return () => [number];
}
