import { compileNode, type Instruction } from './program.ts';
import { isWord, parseRegex, RegexError } from './syntax.ts';

export { RegexError };

/** Offsets in UTF-16 units; `end` is behind the match. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
}

export interface Regex {
  /** Is there a match anywhere? */
  test(text: string): boolean;
  /** The leftmost match at or after an offset, preferring as Perl does. */
  find(text: string, from?: number): RegexMatch | undefined;
  /** As Go's FindAllString: matches do not overlap, and none that is empty directly follows another. At most `limit` of them. */
  findAll(text: string, limit?: number): readonly RegexMatch[];
}

/** Steps of one search. More is refused: expressions from outside must not hold up the event loop. */
const MAX_STEPS = 50_000_000;
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

/** Ways that are followed at the same time, in order of preference. Where each began is kept by instruction. */
interface Ways {
  readonly at: number[];
  readonly began: number[];
}

class Machine implements Regex {
  readonly #instructions: readonly Instruction[];
  readonly #start: number;
  /** For each instruction, the step in which it was added last. */
  readonly #seen: Float64Array;
  #step = 0;

  constructor(pattern: string) {
    const { instructions, start } = compileNode(parseRegex(pattern));
    this.#instructions = instructions;
    this.#start = start;
    this.#seen = new Float64Array(instructions.length).fill(-1);
  }

  test(text: string): boolean {
    return this.#search(text, 0, true) !== undefined;
  }

  find(text: string, from = 0): RegexMatch | undefined {
    return this.#search(text, from, false);
  }

  findAll(text: string, limit = Infinity): readonly RegexMatch[] {
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
    let ways: Ways = { at: [], began: [] };
    let found: RegexMatch | undefined;
    let steps = 0;
    for (let offset = from; ; ) {
      this.#step++;
      const current: Ways = { at: [], began: [] };
      for (const [i, at] of ways.at.entries()) this.#follow(current, at, ways.began[i] ?? 0, text, offset);
      if (!found) this.#follow(current, this.#start, offset, text, offset);
      if (current.at.length === 0 && found) return found;
      steps += current.at.length + 1;
      if (steps > MAX_STEPS) throw new RegexError('regular expression search takes too long');
      const codePoint = text.codePointAt(offset);
      ways = { at: [], began: [] };
      for (const [i, at] of current.at.entries()) {
        const instruction = this.#instructions[at];
        const began = current.began[i] ?? 0;
        if (instruction?.op === 'match') {
          found = { start: began, end: offset };
          break;
        }
        if (codePoint === undefined || instruction?.op !== 'one' || !instruction.test(codePoint)) continue;
        ways.at.push(instruction.next);
        ways.began.push(began);
      }
      if (codePoint === undefined || (any && found)) return found;
      offset += codePoint > 0xffff ? 2 : 1;
    }
  }

  /** Adds the instructions that wait for a character, through splits and assertions. */
  #follow(ways: Ways, at: number, began: number, text: string, offset: number): void {
    const waiting = [at];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (this.#seen[next] === this.#step) continue;
      this.#seen[next] = this.#step;
      const instruction = this.#instructions[next];
      if (instruction?.op === 'split') waiting.push(instruction.second, instruction.first);
      else if (instruction?.op === 'assert') {
        if (holds(instruction.assertion, text, offset)) waiting.push(instruction.next);
      } else {
        ways.at.push(next);
        ways.began.push(began);
      }
    }
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
