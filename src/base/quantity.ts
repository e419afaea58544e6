/** How a quantity was written, and so how it is printed (apimachinery, api/resource). */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** An exact amount in billionths, the smallest step that the API knows. Immutable. */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** The text is not a quantity. The message is upstream's. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const NANOS_PER_UNIT = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
/** Binary quantities are capped here, as upstream caps them. */
const MAX_BINARY_NANOS = ((1n << 63n) - 1n) * NANOS_PER_UNIT;
/** Digits and exponents beyond these cost memory and mean nothing; upstream's numbers end far below. */
const MAX_TEXT_LENGTH = 256;
const MAX_EXPONENT = 1000;

const SYNTAX = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
export const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";

const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

/**
 * Reads `100m`, `1.5Gi`, `12e6`, … Amounts finer than a billionth are rounded away from zero, as upstream does.
 * Throws QuantityError.
 */
export function parseQuantity(text: string | number): Quantity {
  return remembered(text).quantity;
}

/** Upstream's canonical form: no fraction, the largest suffix that loses nothing, the format it was written in. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const negative = nanos < 0n;
  const amount = negative ? -nanos : nanos;
  const binary = format === 'BinarySI' && amount >= 1024n * NANOS_PER_UNIT && amount % NANOS_PER_UNIT === 0n;
  const text = binary ? formatBinary(amount / NANOS_PER_UNIT) : formatDecimal(amount, format === 'DecimalExponent');
  return negative ? `-${text}` : text;
}

/** Whole units, rounded away from zero: bytes of a memory quantity, cores, counts. Exact up to 2^53. */
export const quantityValue = (text: string | number): number => remembered(text).value;

/** Thousandths, rounded away from zero: what schedulers count CPU in. */
export const milliValue = (text: string | number): number => remembered(text).milli;

/** The sum takes the format of `a`, or of `b` when `a` is zero. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nanos: a.nanos + b.nanos,
  format: a.nanos === 0n ? b.format : a.format,
});

/** The difference takes the format of `a`, or of `b` when `a` is zero. */
export const subQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nanos: a.nanos - b.nanos,
  format: a.nanos === 0n ? b.format : a.format,
});

/** Negative, zero or positive; formats do not matter. */
export const compareQuantities = (a: Quantity, b: Quantity): number => (a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0);

export const isQuantity = (text: string | number): boolean => {
  try {
    parseQuantity(text);
    return true;
  } catch (e) {
    if (e instanceof QuantityError) return false;
    throw e;
  }
};

/** The canonical form of a quantity's text. Throws QuantityError. */
export function canonicalQuantity(text: string | number): string {
  const entry = remembered(text);
  entry.canonical ??= formatQuantity(entry.quantity);
  return entry.canonical;
}

interface Remembered {
  readonly quantity: Quantity;
  readonly value: number;
  readonly milli: number;
  canonical?: string;
}

/** Clusters write the same few hundred quantities over and over; each is parsed once. Bounded: it starts afresh when full. */
const MAX_REMEMBERED = 4096;
const memory = new Map<string | number, Remembered>();

function remembered(text: string | number): Remembered {
  const known = memory.get(text);
  if (known) return known;
  const quantity = parse(String(text).trim());
  const entry: Remembered = {
    quantity,
    value: Number(divideAwayFromZero(quantity.nanos, NANOS_PER_UNIT)),
    milli: Number(divideAwayFromZero(quantity.nanos, NANOS_PER_MILLI)),
  };
  if (memory.size >= MAX_REMEMBERED) memory.clear();
  memory.set(text, entry);
  return entry;
}

function parse(text: string): Quantity {
  const match = text.length <= MAX_TEXT_LENGTH ? SYNTAX.exec(text) : null;
  if (!match) throw new QuantityError(FORMAT_WRONG);
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') throw new QuantityError(FORMAT_WRONG);
  const { base, exponent, format } = interpretSuffix(suffix);
  const digits = BigInt(whole + fraction);
  let nanos =
    base === 2
      ? divideAwayFromZero(digits * NANOS_PER_UNIT * (1n << BigInt(exponent)), 10n ** BigInt(fraction.length))
      : shiftDecimal(digits, exponent - fraction.length + 9);
  if (format === 'BinarySI' && nanos > MAX_BINARY_NANOS) nanos = MAX_BINARY_NANOS;
  const fine = format === 'BinarySI' && nanos < NANOS_PER_UNIT;
  return { nanos: sign === '-' ? -nanos : nanos, format: fine && nanos > 0n ? 'DecimalSI' : format };
}

function interpretSuffix(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = DECIMAL_SUFFIXES.indexOf(suffix);
  if (decimal >= 0) return { base: 10, exponent: decimal * 3 - 9, format: 'DecimalSI' };
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  if (binary > 0) return { base: 2, exponent: binary * 10, format: 'BinarySI' };
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(suffix)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > MAX_EXPONENT) throw new QuantityError(SUFFIX_WRONG);
  return { base: 10, exponent: Number(exponent), format: 'DecimalExponent' };
}

const shiftDecimal = (digits: bigint, places: number): bigint =>
  places >= 0 ? digits * 10n ** BigInt(places) : divideAwayFromZero(digits, 10n ** BigInt(-places));

function divideAwayFromZero(amount: bigint, divisor: bigint): bigint {
  const quotient = amount / divisor;
  if (quotient * divisor === amount) return quotient;
  return amount < 0n ? quotient - 1n : quotient + 1n;
}

function formatBinary(units: bigint): string {
  let power = 0;
  while (power < BINARY_SUFFIXES.length - 1 && units % 1024n === 0n) {
    units /= 1024n;
    power++;
  }
  return `${units}${BINARY_SUFFIXES[power]}`;
}

/** `amount` is in billionths: every three zeros that it ends in are one suffix up. */
function formatDecimal(amount: bigint, asExponent: boolean): string {
  let power = 0;
  while (amount % 1000n === 0n) {
    amount /= 1000n;
    power++;
  }
  const exponent = power * 3 - 9;
  const suffix = asExponent ? undefined : DECIMAL_SUFFIXES[power];
  if (suffix !== undefined) return `${amount}${suffix}`;
  return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
}
