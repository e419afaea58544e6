import { expect, it } from 'vitest';
import { difference } from './difference.ts';

it('shows the lines that differ, and three around them', () => {
  const old = { e: 1, a: 'x', b: { c: [1, 2] }, d: true };
  expect(difference(old, { ...old, a: 'y' })).toBe('@@ -1,5 +1,5 @@\n {\n- "a": "x",\n+ "a": "y",\n  "b": {\n   "c": [\n    1,\n');
});

it('says nothing of the order of keys, nor of what is left out', () => {
  expect(difference({ a: 1, b: 2 }, { b: 3, c: undefined, a: 1 })).toBe('@@ -1,4 +1,4 @@\n {\n  "a": 1,\n- "b": 2\n+ "b": 3\n }\n');
});

it('takes what was not there, or is gone', () => {
  expect(difference(undefined, { a: 1 })).toBe('@@ -1,1 +1,3 @@\n-null\n+{\n+ "a": 1\n+}\n');
});
