/**
 * The parser that we use knows neither messages (`Object.spec{replicas: 1}`) nor optional entries (`{?k: v}`, `[?x]`) nor numbers without a whole part (`.5`). They are
 * rewritten into what it does know: a message becomes an index with a map (`Object.spec[{replicas: 1}]`), which nothing else does mean, marks of optional
 * entries become blanks, and numbers get their zero.
 */
export interface Desugared {
  readonly text: string;
  /** Offsets in `text` of the `[` of messages. */
  readonly messages: ReadonlySet<number>;
  /** Offsets in `text` where keys or items begin that were marked optional. */
  readonly optionals: ReadonlySet<number>;
  /** From an offset in `text` to the one in the source. */
  readonly sourceOffset: (offset: number) => number;
}

const TOKEN =
  /(?<blank>\s+|\/\/[^\n]*)|(?<string>[rRbB]{0,2}(?:""".*?"""|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<mark>.)/gsy;
const PLAIN = /\{\s*\?|[,[]\s*\?|[A-Za-z0-9_]\s*\{|(?<!\w)\.\d/;

export function desugar(source: string): Desugared {
  if (!PLAIN.test(source)) return { text: source, messages: new Set(), optionals: new Set(), sourceOffset: (offset) => offset };
  return new Rewriting(source).run();
}

class Rewriting {
  readonly #source: string;
  #text = '';
  /** Where characters were added, in offsets of the result. */
  readonly #added: number[] = [];
  readonly #messages = new Set<number>();
  readonly #optionals = new Set<number>();
  readonly #open: ('message' | 'map' | 'list' | 'index' | 'paren')[] = [];
  /** The last token that is no blank. */
  #before: { kind: 'word' | 'value' | 'mark'; text: string } = { kind: 'mark', text: '' };
  #marked = false;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Desugared {
    for (const match of this.#source.matchAll(TOKEN)) {
      const { blank, string, word, mark } = match.groups ?? {};
      if (blank !== undefined) this.#text += blank;
      else if (string !== undefined) this.#token('value', string);
      else if (word !== undefined) this.#token('word', word);
      else {
        if (mark === '.' && this.#numberBegins(match.index)) this.#add('0');
        this.#mark(mark ?? '');
      }
    }
    const added = this.#added;
    const sourceOffset = (offset: number) => offset - added.filter((at) => at < offset).length;
    return { text: this.#text, messages: this.#messages, optionals: this.#optionals, sourceOffset };
  }

  #token(kind: 'word' | 'value' | 'mark', text: string): void {
    if (this.#marked && text !== '(') {
      this.#optionals.add(this.#text.length);
      this.#marked = false;
    }
    this.#text += text;
    this.#before = { kind, text };
  }

  #mark(mark: string): void {
    const { kind, text } = this.#before;
    if (mark === '{' && kind === 'word' && text !== 'in') {
      this.#messages.add(this.#text.length);
      this.#add('[');
      this.#open.push('message');
    } else if (mark === '{') this.#open.push('map');
    else if (mark === '(') this.#open.push('paren');
    else if (mark === '[') this.#open.push(kind === 'word' || kind === 'value' || /[)\]}]/.test(text) ? 'index' : 'list');
    else if (mark === '?' && this.#entryBegins()) {
      this.#marked = true;
      this.#text += ' ';
      return;
    }
    const closed = /[)\]}]/.test(mark) ? this.#open.pop() : undefined;
    this.#token(/[0-9]/.test(mark) ? 'value' : 'mark', mark);
    if (closed === 'message') this.#add(']');
  }

  /** Not so after what may have fields, nor within a number. */
  #numberBegins(at: number): boolean {
    const { kind, text } = this.#before;
    return kind === 'mark' && !/[)\]}.]/.test(text) && /\d/.test(this.#source[at + 1] ?? '');
  }

  #entryBegins(): boolean {
    const { text } = this.#before;
    const inside = this.#open.at(-1);
    if (text === '{') return true;
    if (text === '[') return inside === 'list';
    return text === ',' && (inside === 'message' || inside === 'map' || inside === 'list');
  }

  #add(character: string): void {
    this.#added.push(this.#text.length);
    this.#text += character;
  }
}
