import { addQuantities, compareQuantities, parseQuantity, type Quantity, QuantityError, subQuantities } from '../../../base/quantity.ts';
import { runtimeError } from '../errors.ts';
import { func, method, type Overload, traverses } from '../overloads.ts';
import { CEL_TYPE, Double, EQUALS, MAX_INT, MIN_INT, type NamedValue } from '../values.ts';

const TYPE = 'kubernetes.Quantity';
const UNIT = 1_000_000_000n;

class QuantityValue implements NamedValue {
  readonly [CEL_TYPE] = TYPE;
  readonly amount: Quantity;
  constructor(amount: Quantity) {
    this.amount = amount;
  }

  [EQUALS](other: unknown): boolean {
    return other instanceof QuantityValue && compareQuantities(this.amount, other.amount) === 0;
  }
}

/** A quantity as expressions compute with it. Throws CelError `runtime`. */
export const quantityOf = (text: string): NamedValue => parse(text);

function parse(text: string): QuantityValue {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (e) {
    if (e instanceof QuantityError) throw runtimeError(e.message);
    throw e;
  }
}

function isQuantity(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

const ofInt = (value: bigint): Quantity => ({ nanos: value * UNIT, format: 'DecimalSI' });
const isInteger = ({ amount: { nanos } }: QuantityValue): boolean =>
  nanos % UNIT === 0n && nanos / UNIT <= MAX_INT && nanos / UNIT >= MIN_INT;
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
  method(`${TYPE}.add(${TYPE}): ${TYPE}`, (a: QuantityValue, b: QuantityValue) => new QuantityValue(addQuantities(a.amount, b.amount))),
  method(`${TYPE}.add(int): ${TYPE}`, (a: QuantityValue, b: bigint) => new QuantityValue(addQuantities(a.amount, ofInt(b)))),
  method(`${TYPE}.sub(${TYPE}): ${TYPE}`, (a: QuantityValue, b: QuantityValue) => new QuantityValue(subQuantities(a.amount, b.amount))),
  method(`${TYPE}.sub(int): ${TYPE}`, (a: QuantityValue, b: bigint) => new QuantityValue(subQuantities(a.amount, ofInt(b)))),
];
