import { expect, it } from 'vitest';
import { sortedFields } from './sorted-fields.ts';

it('puts the fields of all objects in order, and leaves lists and everything else as they are', () => {
  const value = { b: [{ d: 1, c: null }, 'x'], a: { '10': 2n, Z: true, A: undefined } };
  const sorted = sortedFields(value);
  expect(sorted).toEqual(value);
  expect(Object.keys(sorted as object)).toEqual(['a', 'b']);
  expect(JSON.stringify((sorted as typeof value).b)).toBe('[{"c":null,"d":1},"x"]');
  expect(Object.keys((sorted as typeof value).a)).toEqual(['10', 'A', 'Z']);
});
