import { expect, it } from 'vitest';
import { formatGoDuration, goDurationFault, goDurationMs, goDurationNanos } from './go-duration.ts';

it.each([
  ['0', 0n],
  ['-0', 0n],
  ['1h30m', 5_400_000_000_000n],
  ['1.5s', 1_500_000_000n],
  ['.5ms', 500_000n],
  ['2.us', 2000n],
  ['1µs', 1000n],
  ['1μs', 1000n],
  ['-1m3ns', -60_000_000_003n],
  ['+2h', 7_200_000_000_000n],
] as const)('%s is read to the nanosecond', (text, nanos) => expect(goDurationNanos(text)).toBe(nanos));

it.each(['', '-', '1', '1.5', 's', '.s', '1d', '1h ', ' 1h', '1h-2m', '1e3s'])('%j is no duration', (text) => {
  expect(goDurationNanos(text)).toBeUndefined();
  expect(goDurationMs(text)).toBeUndefined();
});

it('has fractions of a millisecond', () => expect(goDurationMs('1.25ms')).toBe(1.25));

it.each([
  [0, '0s'],
  [0.2, '0s'],
  [20, '20ms'],
  [15_000, '15s'],
  [15_012, '15.012s'],
  [60_500, '1m0.5s'],
  [3_602_500, '1h0m2.5s'],
  [-90_000, '-1m30s'],
])('%d ms are printed as %s, which is read as the same', (ms, text) => {
  expect(formatGoDuration(ms)).toBe(text);
  expect(goDurationMs(text)).toBe(Math.round(ms));
});

it.each([
  ['x', 'invalid duration "x"'],
  ['1', 'missing unit in duration "1"'],
  ['-1', 'missing unit in duration "-1"'],
  ['1x', 'unknown unit "x" in duration "1x"'],
  ['1h2q', 'unknown unit "q" in duration "1h2q"'],
  ['.s', 'invalid duration ".s"'],
])('%j is refused as Go does it', (text, why) => expect(goDurationFault(text)).toBe(`time: ${why}`));
