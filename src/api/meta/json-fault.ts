import { GO_ESCAPES } from '../../base/go-escapes.ts';

/** What stands where the parser is: what may come next, and how Go's encoding/json words it when something else does. */
interface Frame {
  readonly object: boolean;
  /** In an object: after a key its colon, then its value, then a comma or the end. */
  at: 'first' | 'key' | 'colon' | 'value' | 'comma';
}

const SPACE = new Set([' ', '\t', '\r', '\n']);
const WORDS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
const END = 'unexpected end of JSON input';

/** The byte as Go's %q has it. */
function quoted(char: string): string {
  if (char === "'") return `'\\''`;
  if (char === '"') return `'"'`;
  const named = GO_ESCAPES[char];
  if (named) return `'${named}'`;
  const code = char.charCodeAt(0);
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`;
  const isPrintable = code < 0x7f || (code > 0xa0 && code !== 0xad);
  return isPrintable ? `'${char}'` : `'\\u${code.toString(16).padStart(4, '0')}'`;
}

class Fault extends Error {}

/** Walks JSON text as encoding/json's scanner does, to say in its words where it is wrong. For texts that JSON.parse refuses: it is slow. */
class Scanner {
  readonly #text: string;
  #at = 0;

  readonly #isBytes: boolean;

  constructor(text: string, isBytes: boolean) {
    this.#text = text;
    this.#isBytes = isBytes;
  }

  /** undefined: nothing is wrong. */
  fault(): string | undefined {
    try {
      this.#document();
      return undefined;
    } catch (error) {
      if (error instanceof Fault) return error.message;
      throw error;
    }
  }

  #next(): string | undefined {
    while (SPACE.has(this.#text[this.#at] ?? '')) this.#at += 1;
    return this.#text[this.#at];
  }

  #wrong(where: string): never {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new Fault(END);
    // Go reads bytes: of a longer character it sees the first.
    const [byte = 0] = this.#isBytes ? [code] : new TextEncoder().encode(String.fromCodePoint(code));
    throw new Fault(`invalid character ${quoted(String.fromCharCode(byte))} ${where}`);
  }

  #document(): void {
    const open: Frame[] = [];
    this.#value(open);
    while (open.length > 0) this.#step(open);
    if (this.#next() !== undefined) this.#wrong('after top-level value');
  }

  #step(open: Frame[]): void {
    const frame = open.at(-1) as Frame;
    const char = this.#next();
    if (frame.object) this.#inObject(frame, char, open);
    else this.#inList(frame, char, open);
  }

  #inList(frame: Frame, char: string | undefined, open: Frame[]): void {
    if (char === ']' && frame.at !== 'value') {
      this.#close(open);
      return;
    }
    if (frame.at === 'comma') {
      if (char !== ',') this.#wrong('after array element');
      this.#at += 1;
      frame.at = 'value';
      return;
    }
    frame.at = 'comma';
    this.#value(open);
  }

  #inObject(frame: Frame, char: string | undefined, open: Frame[]): void {
    switch (frame.at) {
      case 'first':
      case 'key':
        if (char === '}' && frame.at === 'first') {
          this.#close(open);
          return;
        }
        if (char !== '"') this.#wrong('looking for beginning of object key string');
        this.#string();
        frame.at = 'colon';
        return;
      case 'colon':
        if (char !== ':') this.#wrong('after object key');
        this.#at += 1;
        frame.at = 'value';
        return;
      case 'value':
        frame.at = 'comma';
        this.#value(open);
        return;
      default:
        if (char === '}') {
          this.#close(open);
          return;
        }
        if (char !== ',') this.#wrong('after object key:value pair');
        this.#at += 1;
        frame.at = 'key';
    }
  }

  #close(open: Frame[]): void {
    this.#at += 1;
    open.pop();
  }

  #value(open: Frame[]): void {
    const char = this.#next();
    if (char === '{' || char === '[') {
      open.push({ object: char === '{', at: 'first' });
      this.#at += 1;
      return;
    }
    if (char === '"') {
      this.#string();
      return;
    }
    const word = char === undefined ? undefined : WORDS[char];
    if (word) {
      this.#word(word);
      return;
    }
    if (char === '-' || (char !== undefined && isDigit(char))) {
      this.#number();
      return;
    }
    this.#wrong('looking for beginning of value');
  }

  #word(word: string): void {
    for (const [i, char] of [...word].entries()) {
      if (i > 0 && this.#text[this.#at] !== char) this.#wrong(`in literal ${word} (expecting ${quoted(char)})`);
      this.#at += 1;
    }
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at += 1;
    if (this.#text[this.#at] === '0') this.#at += 1;
    else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at += 1;
      this.#digits('after decimal point in numeric literal');
    }
    if (!/[eE]/.test(this.#text[this.#at] ?? '')) return;
    this.#at += 1;
    if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    this.#digits('in exponent of numeric literal');
  }

  #digits(where: string): void {
    if (!isDigit(this.#text[this.#at] ?? '')) this.#wrong(where);
    while (isDigit(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #string(): void {
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char < ' ') this.#wrong('in string literal');
      this.#at += 1;
      if (char === '"') return;
      if (char === '\\') this.#escape();
    }
  }

  #escape(): void {
    const char = this.#text[this.#at];
    if (char === undefined || !'bfnrtu"\\/'.includes(char)) this.#wrong('in string escape code');
    this.#at += 1;
    if (char !== 'u') return;
    for (let i = 0; i < 4; i += 1) {
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) this.#wrong('in \\u hexadecimal character escape');
      this.#at += 1;
    }
  }
}

const isDigit = (char: string): boolean => char >= '0' && char <= '9' && char.length === 1;

/** Why the text is no JSON, in the words of Go's encoding/json; undefined when it is. `bytes`: each of its characters is a byte. */
export const jsonFault = (text: string, of: 'text' | 'bytes' = 'text'): string | undefined => new Scanner(text, of === 'bytes').fault();
