import { expect, test } from 'vitest';
import { slowStart } from './slow-start-plan.ts';

test('batches double and add up', () => {
  expect(slowStart(10)).toEqual([1, 2, 4, 3]);
  expect(slowStart(0)).toEqual([]);
});
