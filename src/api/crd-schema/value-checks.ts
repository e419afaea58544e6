import { compileRegex, type Regex, RegexError } from '../../base/re2/regex.ts';
import { equalJson } from '../meta/equal-json.ts';
import { invalid } from '../meta/field-error.ts';
import { goNumber, isGoInteger } from '../meta/go-number.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { findings, NO_PATH, type Outcome } from './findings.ts';
import { isKnownFormat, stringFormat } from './formats.ts';

/** Checks one keyword, or a few that belong together. Appends what it finds. */
export type ValueCheck<T = unknown> = (value: T, path: string, out: Outcome) => void;

/** JSON's name for what a value is; whole numbers are `integer`. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'number':
      return isGoInteger(value) ? 'integer' : 'number';
    case 'bigint':
      return 'integer';
    case 'string':
    case 'boolean':
    case 'object':
      return typeof value;
    default:
      return 'null';
  }
}

/** What Go's numbers are taken for where a format is wanted. */
const FORMATS_OF_TYPES: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' };

/** Others are no more than documentation. */
const formatOf = ({ type = '', format }: JSONSchemaProps): string | undefined =>
  format && isKnownFormat(type, format) ? format : undefined;

/**
 * `type`, `nullable` and int-or-string. undefined: any type will do. Where values have a format, what is neither text nor list is told to lack it, and lists pass where the format is one of
 * text (k8s.io/kube-openapi, validate/type.go).
 */
export function typeCheck(props: JSONSchemaProps): ValueCheck | undefined {
  const wanted = props['x-kubernetes-int-or-string'] ? ['integer', 'string'] : props.type ? [props.type] : [];
  const format = formatOf(props);
  if (wanted.length === 0 && !format) return undefined;
  const text = wanted.join(',');
  const nullable = wanted.length === 0 || (props.nullable ?? false);
  const takesNumbers = wanted.includes('number');
  const takesLists = format !== undefined && !takesNumbers && !wanted.includes('integer');
  const only = wanted.length === 1 ? wanted[0] : undefined;
  return (value, path, out) => {
    if (value === null) {
      if (!nullable) out.errors.push(findings.type(path, text, 'null'));
      return;
    }
    const actual = typeOf(value);
    if (actual === only || wanted.includes(actual) || (takesNumbers && actual === 'integer')) return;
    const isFormatted = format !== undefined && actual !== 'string' && actual !== 'array';
    if (isFormatted) out.errors.push(findings.type(path, format, FORMATS_OF_TYPES[actual] ?? ''));
    else if (!takesLists) out.errors.push(findings.type(path, text, actual));
  };
}

/** `enum`. */
export function enumCheck({ enum: allowed }: JSONSchemaProps): ValueCheck | undefined {
  if (!allowed || allowed.length === 0) return undefined;
  const scalars = new Set(allowed.filter((each) => typeof each !== 'object' || each === null));
  const compounds = allowed.filter((each) => typeof each === 'object' && each !== null);
  return (value, path, out) => {
    // Go cannot compare what is nil: null is never in an enum.
    if (value !== null && (scalars.has(value) || compounds.some((each) => equalJson(each, value)))) return;
    out.errors.push(findings.enum(path, value, allowed));
  };
}

const codePoints = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};
/** Surrogate pairs make a text shorter than its length says, never longer. */
const isLongerThan = (text: string, limit: number) => text.length > limit && codePoints(text) > limit;
const isShorterThan = (text: string, limit: number) => text.length < limit || (text.length < 2 * limit && codePoints(text) < limit);

/** What takes too long to match does not match. */
function isMatch(regexp: Regex, text: string): boolean {
  try {
    return regexp.test(text);
  } catch (error) {
    if (error instanceof RegexError) return false;
    throw error;
  }
}

/** `maxLength`, `minLength`, `pattern`: the first that fails; then `format`. */
export function stringCheck(props: JSONSchemaProps): ValueCheck<string> | undefined {
  const { maxLength, minLength, pattern, format } = props;
  const regexp = pattern ? compileRegex(pattern) : undefined;
  const isNumber = props.type === 'integer' || props.type === 'number';
  const fits = format && !isNumber && (!props.type || props.type === 'string') ? stringFormat(format) : undefined;
  if (maxLength === undefined && minLength === undefined && !regexp && !fits) return undefined;
  return (value, path, out) => {
    if (maxLength !== undefined && isLongerThan(value, maxLength)) out.errors.push(findings.tooLong(path, maxLength));
    else if (minLength !== undefined && isShorterThan(value, Number(minLength))) {
      out.errors.push(findings.should(path, value, `be at least ${minLength} chars long`));
    } else if (regexp && !isMatch(regexp, value)) out.errors.push(findings.should(path, value, `match '${pattern}'`));
    if (fits && !fits(value)) {
      const error = findings.type(path, format ?? '', value);
      out.errors.push(error);
    }
  };
}

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const FLOAT32_MAX = 3.4028234663852886e38;

/** undefined: a number of any kind will do. */
function rangeOf({ type, format }: JSONSchemaProps): ((value: number | bigint) => boolean) | undefined {
  if (type === 'integer') {
    return format === 'int32' ? (value) => isGoInteger(value) && value >= INT32.min && value <= INT32.max : isGoInteger;
  }
  return type === 'number' && format === 'float' ? (value) => Math.abs(Number(value)) <= FLOAT32_MAX : undefined;
}

/**
 * `multipleOf`, `minimum`, `maximum`, and the range of the format. Upstream takes the fraction off what a whole number is compared with, unless whole numbers alone are wanted: then
 * a bound that is none is told.
 */
export function numberCheck(props: JSONSchemaProps): ValueCheck<number | bigint> | undefined {
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false, type } = props;
  const format = formatOf(props);
  const inRange = rangeOf(props);
  if (multipleOf === undefined && maximum === undefined && minimum === undefined && !inRange) return undefined;
  const ofType = `must be of type ${type} ${format ? `with format ${format}` : '(default format)'}`;
  const boundFor = (value: number | bigint, bound: number, what: string, path: string, out: Outcome): number => {
    if (!inRange || inRange(bound)) return isGoInteger(value) ? Math.trunc(bound) : bound;
    out.errors.push(findings.whole(`${what} value ${ofType} in ${path}`));
    return bound;
  };
  return (value, path, out) => {
    if (inRange && !inRange(value)) out.errors.push(findings.whole(`Checked value ${ofType} in ${path}`));
    if (multipleOf !== undefined) {
      const factor = boundFor(value, multipleOf, 'MultipleOf', path, out);
      if (factor <= 0) {
        out.errors.push(invalid(path || NO_PATH, factor, `factor MultipleOf declared for ${path} must be positive: ${goNumber(factor)}`));
      } else if (!isMultiple(value, factor)) out.errors.push(findings.should(path, value, `be a multiple of ${goNumber(factor)}`));
    }
    if (minimum !== undefined) {
      const least = boundFor(value, minimum, 'Minimum boundary', path, out);
      if (exclusiveMinimum ? value <= least : value < least) {
        out.errors.push(findings.should(path, value, `be greater than ${exclusiveMinimum ? '' : 'or equal to '}${goNumber(least)}`));
      }
    }
    if (maximum !== undefined) {
      const most = boundFor(value, maximum, 'Maximum boundary', path, out);
      if (exclusiveMaximum ? value >= most : value > most) {
        out.errors.push(findings.should(path, value, `be less than ${exclusiveMaximum ? '' : 'or equal to '}${goNumber(most)}`));
      }
    }
  };
}

/** Quotients of decimals are rarely exact: a relative error of a few units in the last place is none. Beyond what a double counts by ones, nothing is a multiple of a fraction. */
function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint') return Number.isInteger(factor) ? value % BigInt(factor) === 0n : isMultiple(Number(value), factor);
  if (isGoInteger(value) && Number.isInteger(factor)) return value % factor === 0;
  const quotient = factor < 1 ? (1 / factor) * value : value / factor;
  return Math.abs(quotient) <= Number.MAX_SAFE_INTEGER && Math.abs(quotient - Math.round(quotient)) <= Math.abs(quotient) * 1e-9;
}

/** `minItems`, `maxItems`, `uniqueItems`. */
export function sizeCheck({ minItems, maxItems, uniqueItems }: JSONSchemaProps): ValueCheck<readonly unknown[]> | undefined {
  if (minItems === undefined && maxItems === undefined && !uniqueItems) return undefined;
  return (value, path, out) => {
    const { length } = value;
    if (minItems !== undefined && length < minItems) out.errors.push(findings.should(path, length, `have at least ${minItems} items`));
    if (maxItems !== undefined && length > maxItems) out.errors.push(findings.tooMany(path, length, maxItems));
    if (uniqueItems && value.some((item, i) => value.slice(0, i).some((before) => equalJson(before, item)))) {
      out.errors.push(findings.duplicates(path));
    }
  };
}
