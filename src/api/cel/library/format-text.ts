import { runtimeError } from '../errors.ts';
import { formatDuration, formatTimestamp, formatZoned } from '../time.ts';
import { kindOfType } from '../types.ts';
import { adopt, type CelValue, Double, Duration, isMap, kindOf, mapGet, mapKeys, Timestamp, TypeValue, Uint } from '../values.ts';
import { showDouble } from './conversions.ts';

/** `%.3f`: what is asked of one argument. */
export interface Clause {
  readonly letter: string;
  readonly precision: number;
}

const DEFAULT_PRECISION = 6;
const CLAUSE = /%(?:(\.)(\d*))?(.)?/gsy;

/**
 * Reads a template of `format` clause by clause, each with the argument that is its turn. Answers with the text, and how many clauses there are. Throws CelError. Source: cel-go, ext
 * (strings, version 2).
 */
export function readTemplate(
  template: string,
  count: number,
  show: (clause: Clause, index: number) => string,
): { text: string; clauses: number } {
  let clauses = 0;
  let text = '';
  let from = 0;
  for (let at = template.indexOf('%'); at >= 0; at = template.indexOf('%', from)) {
    text += template.slice(from, at);
    if (template[at + 1] === '%') {
      text += '%';
      from = at + 2;
      continue;
    }
    const { end, clause } = readClause(template, at, clauses < count ? undefined : clauses);
    text += show(clause, clauses);
    clauses += 1;
    from = end;
  }
  return { text: text + template.slice(from), clauses };
}

/** `lacking`: the argument that there is none of. */
function readClause(template: string, at: number, lacking: number | undefined): { end: number; clause: Clause } {
  CLAUSE.lastIndex = at;
  const [all = '', dot, digits = '', letter] = CLAUSE.exec(template) ?? [];
  if (all === '%') throw runtimeError('unexpected end of string');
  if (lacking !== undefined) throw runtimeError(`index ${lacking} out of range`);
  const unreadable = 'could not parse formatting clause';
  const imprecise = `${unreadable}: error while parsing precision`;
  if (letter === undefined) throw runtimeError(`${imprecise}: could not find end of precision specifier`);
  if (dot && digits === '') {
    throw runtimeError(`${imprecise}: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax`);
  }
  if (!Object.hasOwn(FORMAT_CLAUSES, letter)) throw runtimeError(`${unreadable}: unrecognized formatting clause "${letter}"`);
  const precision = dot ? Math.min(Number(digits), MAX_PRECISION) : DEFAULT_PRECISION;
  return { end: at + all.length, clause: { letter, precision } };
}
/** More digits than any number has, and all that JavaScript prints. */
const MAX_PRECISION = 100;

interface ClauseKind {
  /** Of values, by `kindOf`. */
  readonly takes: ReadonlySet<string>;
  readonly wants: string;
  readonly show: (value: CelValue, precision: number) => string;
}

const kinds = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const integerOf = (value: CelValue): bigint => (value instanceof Uint ? value.value : (value as bigint));

const HEX_WANTS = 'only integers, byte buffers, and strings can be formatted as hex';

/** By letter. A `double` clause takes the texts of those that are no numbers as well. */
export const FORMAT_CLAUSES: Readonly<Record<string, ClauseKind>> = {
  s: {
    takes: kinds('list map int uint double bool string google.protobuf.Timestamp bytes google.protobuf.Duration type null_type'),
    wants: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    show: (value) => show(value),
  },
  d: { takes: kinds('int uint'), wants: 'decimal clause can only be used on integers', show: (value) => String(integerOf(value)) },
  f: {
    takes: kinds('double string'),
    wants: 'fixed-point clause can only be used on doubles',
    show: (value, digits) => special(value) ?? fixed(numberOf(value), digits),
  },
  e: {
    takes: kinds('double string'),
    wants: 'scientific clause can only be used on doubles',
    // The precision that is asked for becomes a width.
    show: (value, width) => (special(value) ?? scientific(numberOf(value))).padStart(width),
  },
  b: {
    takes: kinds('int uint bool'),
    wants: 'only integers and bools can be formatted as binary',
    show: (value) => (typeof value === 'boolean' ? String(Number(value)) : integerOf(value).toString(2)),
  },
  o: { takes: kinds('int uint'), wants: 'octal clause can only be used on integers', show: (value) => integerOf(value).toString(8) },
  x: { takes: kinds('int uint string bytes'), wants: HEX_WANTS, show: hex },
  X: { takes: kinds('int uint string bytes'), wants: HEX_WANTS, show: (value) => hex(value).toUpperCase() },
};

/** cel-go's `format`: `%s %d %f %e %b %o %x %X %%`. Throws CelError. */
export function formatText(template: string, args: readonly CelValue[]): string {
  return readTemplate(template, args.length, ({ letter, precision }, index) => {
    const value = adopt(args[index]);
    const kind = FORMAT_CLAUSES[letter];
    const isWord = (letter === 'f' || letter === 'e') && typeof value === 'string' && !NO_NUMBERS.has(value);
    if (!kind?.takes.has(kindOf(value)) || isWord)
      throw runtimeError(`error during formatting: ${kind?.wants}, was given ${kindOf(value)}`);
    return kind.show(value, precision);
  }).text;
}

const NO_NUMBERS = new Set(['NaN', 'Infinity', '-Infinity']);
const numberOf = (value: CelValue): number => (value instanceof Double ? value.value : Number(value));

/** As English prints what is no number. */
function special(value: CelValue): string | undefined {
  const number = numberOf(value);
  if (Number.isNaN(number)) return 'NaN';
  return Number.isFinite(number) ? undefined : number > 0 ? '∞' : '-∞';
}

/** In English: with a comma between thousands. */
const fixed = (number: number, digits: number): string =>
  new Intl.NumberFormat('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    roundingMode: 'halfEven',
    signDisplay: 'negative',
  }).format(number);

const SUPERSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  [...'0123456789-'].map((character, i) => [character, [...'⁰¹²³⁴⁵⁶⁷⁸⁹⁻'][i] ?? '']),
);

function scientific(number: number): string {
  const [mantissa = '', exponent = '0'] = number.toExponential(DEFAULT_PRECISION).split('e');
  const power = `${exponent.startsWith('-') ? '-' : ''}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
  return `${mantissa}×10${[...power].map((character) => SUPERSCRIPTS[character]).join('')}`;
}

function hex(value: CelValue): string {
  if (typeof value === 'string') return hex(new TextEncoder().encode(value));
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return integerOf(value).toString(16);
}

/** `%s` prints everything: a text as it is, a list as `[1, "a"]`, a map as `{"a":1}` with its keys sorted. */
function show(raw: CelValue): string {
  const value = adopt(raw);
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (value instanceof Double) return showDouble(value.value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return formatZoned(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return kindOfType(value.type);
  if (value instanceof Uint8Array) return textOf(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && !isMap(value))
    throw runtimeError(`error during formatting: no formatting function for ${kindOf(value)}`);
  if (!isMap(value)) return String(value);
  const entries = mapKeys(value).map((key) => `${keyText(key)}:${literal(mapGet(value, key))}`);
  return `{${entries.sort().join(', ')}}`;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const why = 'invalid UTF-8 in bytes, cannot convert to string';
    throw runtimeError(`error during formatting: could not convert argument ${JSON.stringify(why)} to string`);
  }
}

function keyText(raw: CelValue): string {
  const key = adopt(raw);
  if (key instanceof Double || key === null) {
    throw runtimeError(`error during formatting: no formatting function for map key of type ${kindOf(key)}`);
  }
  return literal(key);
}

/** As CEL would write the value. */
function literal(raw: CelValue): string {
  const value = adopt(raw);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `b${JSON.stringify(show(value))}`;
  if (value instanceof Timestamp) return `timestamp("${formatTimestamp(value)}")`;
  if (value instanceof Duration) return `duration("${formatDuration(value)}")`;
  if (!(value instanceof Double)) return show(value);
  if (Number.isFinite(value.value)) return value.value.toFixed(DEFAULT_PRECISION);
  return JSON.stringify(showDouble(value.value));
}
