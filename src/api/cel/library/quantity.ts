import {
  addQuantities,
  compareQuantities,
  FORMAT_WRONG,
  parseQuantity,
  type Quantity,
  QuantityError,
  subQuantities,
} from '../../../base/quantity.ts';
import { runtimeError } from '../errors.ts';
import { func, method, type Overload, traverses } from '../overloads.ts';
import { CEL_TYPE, Double, EQUALS, MAX_INT, MIN_INT, type NamedValue } from '../values.ts';

const TYPE = 'kubernetes.Quantity';
const UNIT = 1_000_000_000n;

class QuantityValue implements NamedValue {
  readonly [CEL_TYPE] = TYPE;
  readonly amount: Quantity;
  /** The power of ten that upstream counts in; undefined: it keeps a decimal of any length, which is no integer to it, whatever its value. */
  readonly scale: number | undefined;
  constructor(amount: Quantity, scale: number | undefined) {
    this.amount = amount;
    this.scale = scale;
  }

  [EQUALS](other: unknown): boolean {
    return other instanceof QuantityValue && compareQuantities(this.amount, other.amount) === 0;
  }
}

/** A quantity as expressions compute with it. Throws CelError `runtime`. */
export const quantityOf = (text: string): NamedValue => parse(text);

function parse(text: string): QuantityValue {
  if (/\s/.test(text)) throw runtimeError(FORMAT_WRONG);
  try {
    return new QuantityValue(parseQuantity(text), scaleOf(text));
  } catch (e) {
    if (e instanceof QuantityError) throw runtimeError(e.message);
    throw e;
  }
}

const SYNTAX = /^[+-]?0*(\d*)(?:\.(\d*))?(?:([KMGTPE])i|([numkMGTPE]?)|[eE]([+-]?\d+))$/;
const BINARY = 'KMGTPE';
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

/** What upstream reads without decimals: few digits, and no fractions in binary (apimachinery, resource.ParseQuantity). */
function scaleOf(text: string): number | undefined {
  const [, whole = '', fraction = '', binary, suffix = '', exponent] = SYNTAX.exec(text) ?? [];
  if (binary) {
    const bits = 10 * (BINARY.indexOf(binary) + 1);
    return fraction === '' && 14 - whole.length - Math.trunc(bits * 0.3) >= 0 ? 0 : undefined;
  }
  const power = exponent === undefined ? 3 * (DECIMAL.indexOf(suffix) - 3) : Number(exponent);
  const scale = power - fraction.length;
  return whole.length + fraction.length <= 18 && scale >= -9 ? scale : undefined;
}

function isQuantity(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

const ofInt = (value: bigint): QuantityValue => new QuantityValue({ nanos: value * UNIT, format: 'DecimalSI' }, 0);

function joined(a: QuantityValue, b: QuantityValue, join: (a: Quantity, b: Quantity) => Quantity): QuantityValue {
  const amount = join(a.amount, b.amount);
  if (a.scale === undefined || b.scale === undefined) return new QuantityValue(amount, undefined);
  const scale = b.amount.nanos === 0n ? a.scale : a.amount.nanos === 0n ? b.scale : Math.min(a.scale, b.scale);
  return new QuantityValue(amount, scale);
}
const isInteger = ({ amount: { nanos }, scale }: QuantityValue): boolean =>
  scale !== undefined && scale >= 0 && nanos / UNIT <= MAX_INT && nanos / UNIT >= MIN_INT;
function asInteger(value: QuantityValue): bigint {
  if (!isInteger(value)) throw runtimeError('cannot convert value to integer');
  return value.amount.nanos / UNIT;
}
const sign = ({ amount: { nanos } }: QuantityValue): bigint => (nanos < 0n ? -1n : nanos > 0n ? 1n : 0n);
const compare = (a: QuantityValue, b: QuantityValue): number => compareQuantities(a.amount, b.amount);

export const quantities: readonly Overload[] = [
  func(`quantity(string): ${TYPE}`, parse, traverses(0)),
  func('isQuantity(string): bool', isQuantity, traverses(0)),
  func(`sign(${TYPE}): int`, sign),
  method(`${TYPE}.isGreaterThan(${TYPE}): bool`, (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0),
  method(`${TYPE}.isLessThan(${TYPE}): bool`, (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0),
  method(`${TYPE}.compareTo(${TYPE}): int`, (a: QuantityValue, b: QuantityValue) => BigInt(compare(a, b))),
  method(`${TYPE}.asApproximateFloat(): double`, ({ amount }: QuantityValue) => new Double(Number(amount.nanos) / 1e9)),
  method(`${TYPE}.asInteger(): int`, asInteger),
  method(`${TYPE}.isInteger(): bool`, isInteger),
  method(`${TYPE}.add(${TYPE}): ${TYPE}`, (a: QuantityValue, b: QuantityValue) => joined(a, b, addQuantities)),
  method(`${TYPE}.add(int): ${TYPE}`, (a: QuantityValue, b: bigint) => joined(a, ofInt(b), addQuantities)),
  method(`${TYPE}.sub(${TYPE}): ${TYPE}`, (a: QuantityValue, b: QuantityValue) => joined(a, b, subQuantities)),
  method(`${TYPE}.sub(int): ${TYPE}`, (a: QuantityValue, b: bigint) => joined(a, ofInt(b), subQuantities)),
];
