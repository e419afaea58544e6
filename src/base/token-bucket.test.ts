import { expect, it } from 'vitest';
import { fakeClock } from './fake-clock.ts';
import { tokenBucket } from './token-bucket.ts';

it('gives its burst at once, then as many tokens a second as it is told', async () => {
  const clock = fakeClock();
  const { take } = tokenBucket({ perSecond: 10, burst: 3, clock });
  expect([take(), take(), take(), take(), take()]).toEqual([0, 0, 0, 100, 200]);
  await clock.advance(200);
  expect(take()).toBe(100);
  await clock.advance(60_000);
  expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 100]);
});

it('lends nothing to those who only try', async () => {
  const clock = fakeClock();
  const { tryTake } = tokenBucket({ perSecond: 2, burst: 2, clock });
  expect([tryTake(), tryTake(), tryTake(), tryTake()]).toEqual([true, true, false, false]);
  await clock.advance(500);
  expect([tryTake(), tryTake()]).toEqual([true, false]);
});
