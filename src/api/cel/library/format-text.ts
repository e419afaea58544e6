import { runtimeError } from '../errors.ts';
import { formatDuration, formatTimestamp } from '../time.ts';
import { showType } from '../types.ts';
import { adopt, type CelValue, Double, Duration, isMap, mapGet, mapKeys, Timestamp, TypeValue, typeOf, Uint } from '../values.ts';
import { showDouble } from './conversions.ts';

const VERB = /%(?:%|(?:\.(\d+))?([a-zA-Z]))/g;
const MAX_PRECISION = 100;

/** cel-go's `format`: `%s %d %f %e %b %o %x %X %%`. Throws CelError. */
export function formatText(template: string, args: readonly CelValue[]): string {
  let next = 0;
  const text = template.replace(VERB, (verb, precision: string | undefined, letter: string | undefined) => {
    if (letter === undefined) return '%';
    if (next >= args.length) throw runtimeError(`index ${next} out of range`);
    return formatOne(letter, precision === undefined ? 6 : Number(precision), adopt(args[next++]), verb);
  });
  return text;
}

function formatOne(letter: string, precision: number, value: CelValue, verb: string): string {
  if (precision > MAX_PRECISION) throw runtimeError(`precision too large in ${verb}`);
  switch (letter) {
    case 's':
      return show(value);
    case 'd':
      return value instanceof Double ? showDouble(value.value) : String(integer(value, letter));
    case 'f':
      return fixed(value, letter, (number) => number.toFixed(precision));
    case 'e':
      return fixed(value, letter, (number) => number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2'));
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integer(value, letter).toString(2);
    case 'o':
      return integer(value, letter).toString(8);
    case 'x':
      return hex(value, letter);
    case 'X':
      return hex(value, letter).toUpperCase();
    default:
      throw runtimeError(`could not parse formatting clause: unrecognized formatting clause "${letter}"`);
  }
}

const wrong = (letter: string, value: CelValue): Error =>
  runtimeError(`error during formatting: %${letter} clause cannot be used on ${showType(typeOf(value))}`);

function integer(value: CelValue, letter: string): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return value.value;
  throw wrong(letter, value);
}

function fixed(value: CelValue, letter: string, print: (number: number) => string): string {
  const number = value instanceof Double ? value.value : Number(integer(value, letter));
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? 'Infinity' : '-Infinity';
  return print(number);
}

function hex(value: CelValue, letter: string): string {
  if (typeof value === 'string') return hex(new TextEncoder().encode(value), letter);
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return integer(value, letter).toString(16);
}

/** `%s` prints everything: lists as `[1, 2]`, maps as `{"a": 1}` with their keys sorted. */
function show(raw: CelValue): string {
  const value = adopt(raw);
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (value instanceof Double) return showDouble(value.value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return showType(value.type);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (isMap(value)) {
    const entries = mapKeys(value).map((key) => `${show(key)}: ${show(mapGet(value, key))}`);
    return `{${entries.sort().join(', ')}}`;
  }
  return String(value);
}
