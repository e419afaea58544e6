import { parseExactJson } from '../../../base/exact-json.ts';
import { type FieldSet, LEAF, SELF } from './field-set.ts';

/** One step of a path as FieldsV1 writes it: `f:name`, `k:{"name":"x"}`, `v:"x"`, `i:0`. */

/** Go's encoder writes these signs as escapes, and so do all sets that upstream's servers and clients have made. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;
const asEscape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A value as Go's encoder writes it. */
export function goJson(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value);
  return text.search(ESCAPED_BY_GO) < 0 ? text : text.replace(ESCAPED_BY_GO, asEscape);
}

export const fieldElement = (name: string): string => `f:${name}`;
export const valueElement = (value: unknown): string => `v:${goJson(value)}`;
/** `keys`: names and values, names in ascending order. */
export const keyElement = (keys: readonly (readonly [string, unknown])[]): string =>
  `k:{${keys.map(([name, value]) => `${goJson(name)}:${goJson(value)}`).join(',')}}`;

/** A set that a client wrote, as this server writes it. Throws SyntaxError; elements of kinds that are not known are left out. */
export function readFieldSet(sent: unknown, depth = 0): FieldSet {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) throw new SyntaxError('a set of fields must be an object');
  if (depth > MAX_DEPTH) throw new SyntaxError('the set of fields is nested too deeply');
  const out: Record<string, FieldSet> = {};
  for (const [key, below] of Object.entries(sent)) {
    if (key === SELF) out[SELF] = LEAF;
    else {
      const element = readElement(key);
      if (element !== undefined) out[element] = readFieldSet(below, depth + 1);
    }
  }
  return out;
}

const MAX_DEPTH = 1000;

/** undefined: a kind of element that this version does not know. */
function readElement(text: string): string | undefined {
  const rest = text.slice(2);
  if (text.length < 2) throw new SyntaxError('key must be 2 characters long:');
  if (text[1] !== ':') throw new SyntaxError(`missing colon: ${text}`);
  switch (text[0]) {
    case 'f':
      return text;
    case 'v':
      return valueElement(parseExactJson(rest));
    case 'k': {
      const keys: unknown = parseExactJson(rest);
      if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) throw new SyntaxError(`not an object: ${rest}`);
      return keyElement(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    case 'i':
      if (!/^-?\d{1,15}$/.test(rest)) throw new SyntaxError(`not an index: ${rest}`);
      return `i:${Number(rest)}`;
    default:
      return undefined;
  }
}

/** As messages show a path: `.spec.containers[name="app"].image`. */
export const printPath = (path: readonly string[]): string => path.map(printElement).join('');

export function printElement(element: string): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${rest}`;
    case 'v':
      return `[=${printValue(parseExactJson(rest))}]`;
    case 'k':
      return `[${Object.entries(parseExactJson(rest) as object)
        .map(([name, value]) => `${name}=${printValue(value)}`)
        .join(',')}]`;
    default:
      return `[${rest}]`;
  }
}

function printValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, part]) => `${name}=${printValue(part)}`)
    .join('');
}

/** The order of upstream's sets: fields by name, then elements by key, by value, by index. */
export function compareElements(a: string, b: string): number {
  if (a[0] !== b[0]) return RANKS.indexOf(a[0] as string) - RANKS.indexOf(b[0] as string);
  if (a[0] === 'f' || !(HAS_NUMBER.test(a) || HAS_NUMBER.test(b))) return a < b ? -1 : a > b ? 1 : 0;
  if (a[0] === 'k')
    return compareKeys(Object.entries(parseExactJson(a.slice(2)) as object), Object.entries(parseExactJson(b.slice(2)) as object));
  return compareValues(parseExactJson(a.slice(2)), parseExactJson(b.slice(2)));
}

const RANKS = '.fkvi';
/** Texts without numbers sort as their values do. */
const HAS_NUMBER = /:-?\d/;
type Keys = readonly (readonly [string, unknown])[];

function compareKeys(a: Keys, b: Keys): number {
  for (const [i, [name, value]] of a.entries()) {
    const other = b[i];
    if (!other) return 1;
    if (name !== other[0]) return name < other[0] ? -1 : 1;
    const order = compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const VALUE_RANKS = ['number', 'string', 'boolean', 'object'];
const kindOf = (value: unknown): string => (typeof value === 'bigint' ? 'number' : typeof value);

function compareValues(a: unknown, b: unknown): number {
  const [kindOfA, kindOfB] = [kindOf(a), kindOf(b)];
  if (kindOfA !== kindOfB) return VALUE_RANKS.indexOf(kindOfA) - VALUE_RANKS.indexOf(kindOfB);
  const [x, y] = typeof a === 'object' ? [JSON.stringify(a), JSON.stringify(b)] : [a as string, b as string];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The same set with the elements of every level in upstream's order. */
export function sortSet(set: FieldSet): FieldSet {
  if (isSorted(set)) return set;
  const out: Record<string, FieldSet> = {};
  for (const key of Object.keys(set).sort(compareElements)) out[key] = sortSet(set[key] as FieldSet);
  return out;
}

function isSorted(set: FieldSet): boolean {
  let last = SELF;
  for (const key in set) {
    if (last[0] === 'f' && key[0] === 'f' ? last > key : last !== SELF && compareElements(last, key) > 0) return false;
    const below = set[key] as FieldSet;
    if (below !== LEAF && !isSorted(below)) return false;
    last = key;
  }
  return true;
}
