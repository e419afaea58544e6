import { expect, it } from 'vitest';
import { goDurationMs, goDurationNanos } from './go-duration.ts';

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
