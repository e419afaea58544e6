import { expect, it } from 'vitest';
import { cloneJson } from './json-value.ts';

it('a copy leaves out what is undefined, as JSON does', () => {
  const made = { metadata: { name: 'a', labels: undefined }, list: [{ a: undefined, b: null }] };
  const copy = cloneJson(made);
  expect(Object.keys(copy.metadata)).toEqual(['name']);
  expect(copy.list.map((item) => Object.keys(item))).toEqual([['b']]);
});
