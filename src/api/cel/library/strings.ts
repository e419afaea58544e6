import { GO_ESCAPES } from '../../../base/go-escapes.ts';
import { CelError, runtimeError } from '../errors.ts';
import {
  concatenates,
  func,
  growsText,
  matchesRegex,
  method,
  type Overload,
  type OverloadCosts,
  searches,
  shrinks,
  traverses,
} from '../overloads.ts';
import type { CelValue } from '../values.ts';
import { formatText } from './format-text.ts';
import { compileCelRegex, search } from './regex.ts';

/** Larger text is not made, whatever the pieces cost. */
const MAX_TEXT = 16 * 1024 * 1024;

export function boundedText(length: number, make: () => string): string {
  if (length > MAX_TEXT) throw new CelError('budget', 'operation cancelled: actual cost limit exceeded');
  return make();
}

/** Positions are counted in code points; most text is ASCII, where these are characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII is meant
const characters = (text: string): string | readonly string[] => (/^[\x00-\x7f]*$/.test(text) ? text : [...text]);
const slice = (of: string | readonly string[], from: number, to?: number): string => {
  const part = of.slice(from, to);
  return typeof part === 'string' ? part : part.join('');
};

function charAt(text: string, index: bigint): string {
  const all = characters(text);
  if (index < 0n || index > BigInt(all.length)) throw runtimeError(`index out of range: ${index}`);
  return all[Number(index)] ?? '';
}

/** Nothing is found from beyond the end; what is empty is found wherever it is looked for. */
function indexOf(text: string, part: string, from = 0n): bigint {
  if (part === '') return from;
  const all = characters(text);
  if (from < 0n) throw runtimeError(`index out of range: ${from}`);
  if (from >= BigInt(all.length)) return -1n;
  if (typeof all === 'string') return BigInt(all.indexOf(part, Number(from)));
  const found = text.indexOf(part, slice(all, 0, Number(from)).length);
  return found < 0 ? -1n : BigInt([...text.slice(0, found)].length);
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const all = characters(text);
  if (from !== undefined && part === '') return from;
  if (from !== undefined && from < 0n) throw runtimeError(`index out of range: ${from}`);
  if (from !== undefined && from >= BigInt(all.length)) return -1n;
  const found = text.lastIndexOf(part, from === undefined ? undefined : slice(all, 0, Number(from)).length);
  return found < 0 ? -1n : BigInt([...text.slice(0, found)].length);
}

function substring(text: string, from: bigint, to?: bigint): string {
  const all = characters(text);
  const end = to ?? BigInt(all.length);
  if (to !== undefined && from > to) throw runtimeError(`invalid substring range. start: ${from}, end: ${to}`);
  if (from < 0n || from > BigInt(all.length)) throw runtimeError(`index out of range: ${from}`);
  if (end < 0n || end > BigInt(all.length)) throw runtimeError(`index out of range: ${end}`);
  return slice(all, Number(from), Number(end));
}

function replace(text: string, old: string, by: string, limit = -1n): string {
  // What is empty is found before each character and at the end.
  const pieces = old === '' ? ['', ...text, ''] : text.split(old);
  const times = limit < 0n ? pieces.length - 1 : Math.min(Number(limit), pieces.length - 1);
  if (times <= 0) return text;
  return boundedText(text.length + times * by.length, () => [pieces.slice(0, times + 1).join(by), ...pieces.slice(times + 1)].join(old));
}

function split(text: string, separator: string, limit = -1n): readonly string[] {
  if (limit === 0n) return [];
  const pieces = separator === '' ? [...text] : text.split(separator);
  if (limit < 0n || pieces.length <= Number(limit)) return pieces;
  const kept = Number(limit) - 1;
  return [...pieces.slice(0, kept), pieces.slice(kept).join(separator)];
}

function join(list: readonly CelValue[], separator = ''): string {
  const texts = list.map((item) => {
    if (typeof item !== 'string') throw runtimeError('no such overload');
    return item;
  });
  const length = texts.reduce((sum, { length }) => sum + length + separator.length, 0);
  return boundedText(length, () => texts.join(separator));
}

/** ASCII alone, as the names say. */
const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const upperAscii = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());

/** What Unicode calls white space; Go's set. */
const trim = (text: string): string => text.replace(/^[\s\u0085]+|[\s\u0085]+$/gu, '');

const ESCAPED: Readonly<Record<string, string>> = { ...GO_ESCAPES, '"': '\\"' };
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
const quote = (text: string): string => `"${text.replace(/[\\"\u0007\b\f\n\r\t\v]/g, (character) => ESCAPED[character] ?? character)}"`;

const tests: OverloadCosts = traverses(1);
const multiplies: OverloadCosts = { ...traverses(0), after: growsText };
/** Of a list of texts, their lengths count. */
const joins: OverloadCosts = { ...traverses(0), burden: ({ deep }) => Math.ceil(deep(0)), after: growsText };
const formats: OverloadCosts = {
  ...concatenates,
  burden: ({ size, deep }) => Math.ceil(size(0) * 0.1 + deep(1)),
  after: growsText,
};

export const strings: readonly Overload[] = [
  method('string.contains(string): bool', (text: string, part: string) => text.includes(part), searches),
  method('string.startsWith(string): bool', (text: string, part: string) => text.startsWith(part), tests),
  method('string.endsWith(string): bool', (text: string, part: string) => text.endsWith(part), tests),
  method('string.charAt(int): string', charAt, traverses(0)),
  method('string.indexOf(string): int', (text: string, part: string) => indexOf(text, part), searches),
  method('string.indexOf(string, int): int', indexOf, searches),
  method('string.lastIndexOf(string): int', (text: string, part: string) => lastIndexOf(text, part), searches),
  method('string.lastIndexOf(string, int): int', lastIndexOf, searches),
  method('string.substring(int): string', (text: string, from: bigint) => substring(text, from), shrinks),
  method('string.substring(int, int): string', substring, shrinks),
  method('string.replace(string, string): string', (text: string, old: string, by: string) => replace(text, old, by), multiplies),
  method('string.replace(string, string, int): string', replace, multiplies),
  method('string.split(string): list<string>', (text: string, separator: string) => split(text, separator), shrinks),
  method('string.split(string, int): list<string>', split, shrinks),
  method('string.lowerAscii(): string', lowerAscii, shrinks),
  method('string.upperAscii(): string', upperAscii, shrinks),
  method('string.trim(): string', trim, shrinks),
  method('string.format(list<dyn>): string', formatText, formats),
  func('strings.quote(string): string', quote, traverses(0)),
  method('list<string>.join(): string', (list: readonly CelValue[]) => join(list), joins),
  method('list<string>.join(string): string', join, joins),
];

/** Patterns that look small may be large machines: the steps that were taken count as well. */
const runs: OverloadCosts = {
  ...matchesRegex,
  after: ([, pattern]) => Math.ceil(compileCelRegex(pattern as string).steps * 0.1),
};

export const regexes: readonly Overload[] = [
  method('string.matches(string): bool', (text: string, pattern: string) => search(pattern, (regex) => regex.test(text)), runs),
  func('matches(string, string): bool', (text: string, pattern: string) => search(pattern, (regex) => regex.test(text)), runs),
  method('string.find(string): string', find, runs),
  method('string.findAll(string): list<string>', (text: string, pattern: string) => findAll(text, pattern), runs),
  method('string.findAll(string, int): list<string>', findAll, runs),
];
function find(text: string, pattern: string): string {
  const match = search(pattern, (regex) => regex.find(text));
  return match ? text.slice(match.start, match.end) : '';
}
function findAll(text: string, pattern: string, limit = -1n): readonly string[] {
  const matches = search(pattern, (regex) => regex.findAll(text, limit < 0n ? undefined : Number(limit)));
  return matches.map(({ start, end }) => text.slice(start, end));
}
