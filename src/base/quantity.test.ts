import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
  milliValue,
  parseQuantity,
  type QuantityError,
  quantityValue,
  subQuantities,
} from './quantity.ts';

const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'e3', 'E-2', 'e+6');
const text = fc
  .tuple(fc.constantFrom('', '+', '-'), fc.nat(99_999), fc.option(fc.nat(9999)), suffix)
  .map(([sign, whole, fraction, s]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${s}`);

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['0n', '0'],
    ['0Gi', '0'],
    ['-0', '0'],
    ['1', '1'],
    ['0.1', '100m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['100n', '100n'],
    ['0.0000000001', '1n'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['1023Ki', '1023Ki'],
    ['0.5Gi', '512Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['0.0001Ki', '102400u'],
    ['1.1Ki', '1126400m'],
    ['1Ei', '1Ei'],
    ['9Ei', '9223372036854775807'],
    ['-1Ki', '-1Ki'],
    ['1000000k', '1G'],
    ['12e6', '12e6'],
    ['12000e3', '12e6'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['1E', '1E'],
    ['1000E', '1e21'],
    ['1e-3', '1e-3'],
    ['1e-1', '100e-3'],
    ['10e20', '1e21'],
    [' 1Gi ', '1Gi'],
  ])('prints %s as %s', (written, canonical) => {
    expect(formatQuantity(parseQuantity(written))).toBe(canonical);
    expect(canonicalQuantity(written)).toBe(canonical);
  });

  it.each([
    '',
    '.',
    '+',
    'Ki',
    '1.1.M',
    '1+1.0M',
    '0.1mi',
    '0.1am',
    'aoeu',
    '.5i',
    '1i',
    '-3.01i',
    '-3.01e-',
    '1 Gi',
    '1K',
    '1ki',
    '1e9999',
  ])('refuses %s', (written) => {
    expect(isQuantity(written)).toBe(false);
  });

  it('says why it refuses in the words of upstream', () => {
    const reason = (written: string) => {
      try {
        parseQuantity(written);
      } catch (e) {
        return (e as QuantityError).message;
      }
      return '';
    };
    expect(reason('1 G')).toContain('quantities must match the regular expression');
    expect(reason('1mi')).toBe("unable to parse quantity's suffix");
  });

  it('takes numbers as JSON has them', () => {
    expect(canonicalQuantity(2)).toBe('2');
    expect(canonicalQuantity(0.25)).toBe('250m');
    expect(canonicalQuantity(1e21)).toBe('1e21');
  });

  it('rounds whole units and thousandths away from zero', () => {
    expect(quantityValue('1.2')).toBe(2);
    expect(quantityValue('-1.2')).toBe(-2);
    expect(quantityValue('128974848')).toBe(128974848);
    expect(quantityValue('129M')).toBe(129_000_000);
    expect(quantityValue('123Mi')).toBe(128974848);
    expect(milliValue('0.0001')).toBe(1);
    expect(milliValue('1.5')).toBe(1500);
  });

  it('keeps the format of the first addend that is not zero', () => {
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('2048')))).toBe('2048');
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('2Ki')))).toBe('2Ki');
    expect(formatQuantity(addQuantities(parseQuantity('1Mi'), parseQuantity('1048576')))).toBe('2Mi');
    expect(formatQuantity(subQuantities(parseQuantity('1'), parseQuantity('250m')))).toBe('750m');
  });

  it('prints what parses to the same amount, and printing twice changes nothing', () => {
    fc.assert(
      fc.property(text, (written) => {
        const once = formatQuantity(parseQuantity(written));
        expect(compareQuantities(parseQuantity(once), parseQuantity(written))).toBe(0);
        expect(formatQuantity(parseQuantity(once))).toBe(once);
      }),
    );
  });

  it('adds and subtracts exactly', () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)];
        expect(subQuantities(addQuantities(a, b), b).nanos).toBe(a.nanos);
        expect(Math.sign(compareQuantities(a, b))).toBe(-Math.sign(compareQuantities(b, a)) + 0);
      }),
    );
  });
});
