/** The text is no regular expression. The message is Go's. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}

export type CodePointTest = (codePoint: number) => boolean;
export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'wordBoundary' | 'notWordBoundary';

export type Node =
  | { readonly is: 'empty' }
  | { readonly is: 'one'; readonly test: CodePointTest }
  | { readonly is: 'assert'; readonly assertion: Assertion }
  | { readonly is: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly is: 'choice'; readonly nodes: readonly Node[] }
  | { readonly is: 'repeat'; readonly node: Node; readonly min: number; readonly max: number; readonly lazy: boolean };

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
  readonly ungreedy: boolean;
}

const MAX_REPEAT = 1000;
const MAX_DEPTH = 200;

/** Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax). Throws RegexError. */
export const parseRegex = (pattern: string): Node => new Parser(pattern).parse();

const range =
  (from: number, to: number): CodePointTest =>
  (c) =>
    c >= from && c <= to;
const code = (character: string): number => character.codePointAt(0) ?? 0;
const any =
  (...tests: readonly CodePointTest[]): CodePointTest =>
  (c) =>
    tests.some((test) => test(c));
const not =
  (test: CodePointTest): CodePointTest =>
  (c) =>
    !test(c);
const oneOf = (characters: string): CodePointTest => {
  const codes = new Set([...characters].map(code));
  return (c) => codes.has(c);
};

const DIGIT = range(48, 57);
const LOWER = range(97, 122);
const UPPER = range(65, 90);
const ALPHA = any(LOWER, UPPER);
const ALNUM = any(ALPHA, DIGIT);
const SPACE = oneOf('\t\n\f\r ');
export const isWord: CodePointTest = any(ALNUM, (c) => c === 95);
const PERL: Readonly<Record<string, CodePointTest>> = { d: DIGIT, D: not(DIGIT), w: isWord, W: not(isWord), s: SPACE, S: not(SPACE) };
const GRAPH = range(33, 126);
const POSIX: Readonly<Record<string, CodePointTest>> = {
  alnum: ALNUM,
  alpha: ALPHA,
  ascii: range(0, 127),
  blank: oneOf('\t '),
  cntrl: any(range(0, 31), (c) => c === 127),
  digit: DIGIT,
  graph: GRAPH,
  lower: LOWER,
  print: range(32, 126),
  punct: (c) => GRAPH(c) && !ALNUM(c),
  space: any(SPACE, (c) => c === 11),
  upper: UPPER,
  word: isWord,
  xdigit: any(DIGIT, range(65, 70), range(97, 102)),
};
const ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const ANCHORS: Readonly<Record<string, Assertion>> = { A: 'textStart', z: 'textEnd', b: 'wordBoundary', B: 'notWordBoundary' };

class Parser {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false, ungreedy: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#pattern.length) throw this.#error('unexpected )', this.#pattern);
    return node;
  }

  #error(what: string, about: string): RegexError {
    return new RegexError(`error parsing regexp: ${what}: \`${about}\``);
  }

  #peek(): string {
    return this.#pattern.charAt(this.#at);
  }

  #take(): string {
    const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  #eat(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): Node {
    if (++this.#depth > MAX_DEPTH) throw new RegexError('error parsing regexp: expression nests too deeply');
    const nodes = [this.#sequence()];
    while (this.#eat('|')) nodes.push(this.#sequence());
    this.#depth--;
    return nodes.length === 1 && nodes[0] ? nodes[0] : { is: 'choice', nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    while (this.#at < this.#pattern.length && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#eat('\\Q')) nodes.push(...this.#quoted());
      else nodes.push(this.#repeated());
    }
    return nodes.length === 1 && nodes[0] ? nodes[0] : { is: 'sequence', nodes };
  }

  #quoted(): Node[] {
    const end = this.#pattern.indexOf('\\E', this.#at);
    const text = this.#pattern.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
    return [...text].map((character) => this.#one(code(character)));
  }

  #repeated(): Node {
    let node = this.#atom();
    const start = this.#at;
    for (let times = 0; ; times++) {
      const before = this.#at;
      const bounds = this.#bounds();
      if (!bounds) return node;
      if (times > 0) throw this.#error('invalid nested repetition operator', this.#pattern.slice(start, this.#at));
      const [min, max] = bounds;
      if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT) || min > max) {
        throw this.#error('invalid repeat count', this.#pattern.slice(before, this.#at));
      }
      const lazy = this.#eat('?') !== this.#flags.ungreedy;
      node = { is: 'repeat', node, min, max, lazy };
    }
  }

  #bounds(): readonly [number, number] | undefined {
    if (this.#eat('*')) return [0, Infinity];
    if (this.#eat('+')) return [1, Infinity];
    if (this.#eat('?')) return [0, 1];
    const counted = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#pattern.slice(this.#at, this.#at + 24));
    if (!counted) return undefined;
    const [text, min, comma, max] = counted;
    this.#at += text.length;
    const least = Number(min);
    return [least, comma ? (max ? Number(max) : Infinity) : least];
  }

  #atom(): Node {
    const start = this.#at;
    const character = this.#take();
    switch (character) {
      case '(':
        return this.#group(start);
      case '[':
        return { is: 'one', test: this.#class(start) };
      case '.':
        return { is: 'one', test: this.#flags.dotAll ? () => true : (c) => c !== 10 };
      case '^':
        return { is: 'assert', assertion: this.#flags.multiLine ? 'lineStart' : 'textStart' };
      case '$':
        return { is: 'assert', assertion: this.#flags.multiLine ? 'lineEnd' : 'textEnd' };
      case '*':
      case '+':
      case '?':
        throw this.#error('missing argument to repetition operator', character);
      case '\\':
        return this.#escape(start);
      default:
        return this.#one(code(character));
    }
  }

  #one(codePoint: number): Node {
    return { is: 'one', test: this.#folded((c) => c === codePoint) };
  }

  #folded(test: CodePointTest): CodePointTest {
    if (!this.#flags.ignoreCase) return test;
    return (c) => {
      const text = String.fromCodePoint(c);
      return test(c) || test(code(text.toLowerCase())) || test(code(text.toUpperCase()));
    };
  }

  #group(start: number): Node {
    const outer = this.#flags;
    if (this.#eat('?')) {
      const named = /^P?<[A-Za-z0-9_]+>/.exec(this.#pattern.slice(this.#at));
      if (named) this.#at += named[0].length;
      else if (this.#flagGroup(start)) return { is: 'empty' };
    }
    const node = this.#choice();
    this.#flags = outer;
    if (!this.#eat(')')) throw this.#error('missing closing )', this.#pattern);
    return node;
  }

  /** `(?i)` holds until the group around it ends: true. `(?i:` opens a group: false. */
  #flagGroup(start: number): boolean {
    const match = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.#pattern.slice(this.#at));
    if (!match) throw this.#error('invalid or unsupported Perl syntax', this.#pattern.slice(start, this.#at + 1));
    const [text, on = '', off = '', end] = match;
    this.#at += text.length;
    const flag = (letter: string, now: boolean) => (on.includes(letter) || now) && !off.includes(letter);
    const { ignoreCase, multiLine, dotAll, ungreedy } = this.#flags;
    this.#flags = {
      ignoreCase: flag('i', ignoreCase),
      multiLine: flag('m', multiLine),
      dotAll: flag('s', dotAll),
      ungreedy: flag('U', ungreedy),
    };
    return end === ')';
  }

  #escape(start: number): Node {
    if (this.#at >= this.#pattern.length) throw new RegexError('error parsing regexp: trailing backslash at end of expression: ``');
    const anchor = ANCHORS[this.#peek()];
    if (anchor) {
      this.#take();
      return { is: 'assert', assertion: anchor };
    }
    return { is: 'one', test: this.#folded(this.#escapedSet(start)) };
  }

  /** After the backslash: `d`, `pL`, `p{Greek}`, `n`, `x41`, `x{1F600}`, `.`. */
  #escapedSet(start: number): CodePointTest {
    const character = this.#take();
    const perl = PERL[character];
    if (perl) return perl;
    if (character === 'p' || character === 'P') return this.#property(character === 'P', start);
    const codePoint = this.#escapedCode(character, start);
    return (c) => c === codePoint;
  }

  #escapedCode(character: string, start: number): number {
    const control = ESCAPES[character];
    if (control !== undefined) return control;
    const hex = character === 'x' ? /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(this.#pattern.slice(this.#at)) : null;
    if (hex) {
      this.#at += hex[0].length;
      return Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
    }
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{2})/.exec(this.#pattern.slice(this.#at - character.length));
    if (octal) {
      this.#at += octal[0].length - character.length;
      return Number.parseInt(octal[0], 8);
    }
    if (code(character) < 128 && !ALNUM(code(character))) return code(character);
    throw this.#error('invalid escape sequence', this.#pattern.slice(start, this.#at));
  }

  #property(negated: boolean, start: number): CodePointTest {
    const match = /^(?:\{(\^?)([A-Za-z_]+)\}|([A-Za-z]))/.exec(this.#pattern.slice(this.#at));
    this.#at += match?.[0].length ?? 0;
    const name = match?.[2] ?? match?.[3] ?? '';
    const test = name === 'Any' ? () => true : unicodeProperty(name);
    if (!test) throw this.#error('invalid character class range', this.#pattern.slice(start, this.#at));
    return negated !== (match?.[1] === '^') ? not(test) : test;
  }

  #class(start: number): CodePointTest {
    const negated = this.#eat('^');
    const tests: CodePointTest[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#pattern.length) throw this.#error('missing closing ]', this.#pattern.slice(start));
      tests.push(this.#classItem());
    }
    this.#take();
    const test = this.#folded(any(...tests));
    return negated ? not(test) : test;
  }

  #classItem(): CodePointTest {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.#pattern.slice(this.#at, this.#at + 16));
    if (posix) {
      const test = POSIX[posix[2] ?? ''];
      if (!test) throw this.#error('invalid character class range', posix[0]);
      this.#at += posix[0].length;
      return posix[1] ? not(test) : test;
    }
    const start = this.#at;
    if (this.#peek() === '\\' && /^\\[dDwWsSpP]/.test(this.#pattern.slice(start, start + 2))) {
      this.#take();
      return this.#escapedSet(start);
    }
    const from = this.#classCode();
    if (this.#peek() !== '-' || this.#pattern.charAt(this.#at + 1) === ']') return (c) => c === from;
    this.#take();
    if (this.#at >= this.#pattern.length) return (c) => c === from;
    const to = this.#classCode();
    if (to < from) throw this.#error('invalid character class range', this.#pattern.slice(start, this.#at));
    return range(from, to);
  }

  #classCode(): number {
    const start = this.#at;
    const character = this.#take();
    if (character !== '\\') return code(character);
    if (this.#at >= this.#pattern.length) throw this.#error('missing closing ]', this.#pattern.slice(start));
    return this.#escapedCode(this.#take(), start);
  }
}

/** General categories (`L`, `Lu`) and scripts (`Greek`). */
function unicodeProperty(name: string): CodePointTest | undefined {
  for (const property of [name, `Script=${name}`]) {
    try {
      const set = new RegExp(`^\\p{${property}}$`, 'u');
      return (c) => set.test(String.fromCodePoint(c));
    } catch {
      // no category: a script, or nothing
    }
  }
  return undefined;
}
