import { compileNode, type Instruction } from './program.ts';
import { isWord, parseRegex, RegexError } from './syntax.ts';

export { RegexError };

/** Offsets in UTF-16 units; `end` is behind the match. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
}

export interface Regex {
  /** What the last call took: instructions looked at. A thousand take some ten microseconds. */
  readonly steps: number;
  /** Is there a match anywhere? */
  test(text: string): boolean;
  /** The leftmost match at or after an offset, preferring as Perl does. */
  find(text: string, from?: number): RegexMatch | undefined;
  /** As Go's FindAllString: matches do not overlap, and none that is empty directly follows another. At most `limit` of them. */
  findAll(text: string, limit?: number): readonly RegexMatch[];
}

/** Steps of one call. More is refused: expressions from outside must not hold up the event loop. */
const MAX_STEPS = 10_000_000;
const MAX_REMEMBERED = 512;
const remembered = new Map<string, Regex>();

/**
 * A regular expression in RE2's syntax. A search takes time in proportion to text and pattern, whatever they are: JavaScript's own expressions may
 * take for ever. Throws RegexError.
 */
export function compileRegex(pattern: string): Regex {
  const known = remembered.get(pattern);
  if (known) return known;
  const regex = new Machine(pattern);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(pattern, regex);
  return regex;
}

/** Ways that are followed at the same time, in order of preference: where each is, and where it began. */
interface Ways {
  count: number;
  readonly at: Int32Array;
  readonly began: Int32Array;
}

class Machine implements Regex {
  readonly #instructions: readonly Instruction[];
  readonly #start: number;
  /** For each instruction, the step in which it was added last. */
  readonly #seen: Float64Array;
  readonly #ways: Ways;
  readonly #spare: Ways;
  readonly #waiting: number[] = [];
  #step = 0;
  #steps = 0;

  get steps(): number {
    return this.#steps;
  }

  constructor(pattern: string) {
    const { instructions, start } = compileNode(parseRegex(pattern));
    this.#instructions = instructions;
    this.#start = start;
    this.#seen = new Float64Array(instructions.length).fill(-1);
    const ways = (): Ways => ({ count: 0, at: new Int32Array(instructions.length), began: new Int32Array(instructions.length) });
    this.#ways = ways();
    this.#spare = ways();
  }

  test(text: string): boolean {
    this.#steps = 0;
    return this.#search(text, 0, true) !== undefined;
  }

  find(text: string, from = 0): RegexMatch | undefined {
    this.#steps = 0;
    return this.#search(text, from, false);
  }

  findAll(text: string, limit = Infinity): readonly RegexMatch[] {
    this.#steps = 0;
    const found: RegexMatch[] = [];
    let from = 0;
    while (from <= text.length && found.length < limit) {
      const match = this.#search(text, from, false);
      if (!match) break;
      const isEmpty = match.start === match.end;
      if (!isEmpty || match.start !== found.at(-1)?.end) found.push(match);
      from = isEmpty ? match.end + ((text.codePointAt(match.end) ?? 0) > 0xffff ? 2 : 1) : match.end;
    }
    return found;
  }

  #search(text: string, from: number, any: boolean): RegexMatch | undefined {
    let current = this.#ways;
    let next = this.#spare;
    let found: RegexMatch | undefined;
    current.count = 0;
    this.#step++;
    for (let offset = from; ; ) {
      if (!found) this.#follow(current, this.#start, offset, text, offset);
      if (current.count === 0 && found) return found;
      if (this.#steps > MAX_STEPS) throw new RegexError('regular expression search takes too long');
      const codePoint = text.codePointAt(offset);
      const after = codePoint === undefined ? offset : offset + (codePoint > 0xffff ? 2 : 1);
      next.count = 0;
      this.#step++;
      for (let i = 0; i < current.count; i++) {
        const instruction = this.#instructions[current.at[i] ?? 0];
        const began = current.began[i] ?? 0;
        if (instruction?.op === 'match') {
          found = { start: began, end: offset };
          break;
        }
        if (codePoint !== undefined && instruction?.op === 'one' && instruction.test(codePoint)) {
          this.#follow(next, instruction.next, began, text, after);
        }
      }
      if (codePoint === undefined || (any && found)) return found;
      [current, next] = [next, current];
      offset = after;
    }
  }

  /** Adds the instructions that wait for a character, through splits and assertions. */
  #follow(ways: Ways, start: number, began: number, text: string, offset: number): void {
    const waiting = this.#waiting;
    const seen = this.#seen;
    const instructions = this.#instructions;
    const step = this.#step;
    let steps = 0;
    waiting.push(start);
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      steps++;
      if (seen[at] === step) continue;
      seen[at] = step;
      const instruction = instructions[at];
      if (instruction?.op === 'split') {
        waiting.push(instruction.second);
        waiting.push(instruction.first);
      } else if (instruction?.op === 'assert') {
        if (holds(instruction.assertion, text, offset)) waiting.push(instruction.next);
      } else {
        ways.at[ways.count] = at;
        ways.began[ways.count++] = began;
      }
    }
    this.#steps += steps;
  }
}

function holds(assertion: (Instruction & { op: 'assert' })['assertion'], text: string, offset: number): boolean {
  switch (assertion) {
    case 'textStart':
      return offset === 0;
    case 'textEnd':
      return offset === text.length;
    case 'lineStart':
      return offset === 0 || text[offset - 1] === '\n';
    case 'lineEnd':
      return offset === text.length || text[offset] === '\n';
    case 'wordBoundary':
      return wordAt(text, offset - 1) !== wordAt(text, offset);
    case 'notWordBoundary':
      return wordAt(text, offset - 1) === wordAt(text, offset);
  }
}
const wordAt = (text: string, offset: number): boolean => offset >= 0 && offset < text.length && isWord(text.charCodeAt(offset));
