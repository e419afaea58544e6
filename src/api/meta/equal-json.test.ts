import fc from 'fast-check';
import { expect, it } from 'vitest';
import { equalJson } from './equal-json.ts';

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, reversed(part)] as const);
  return JSON.parse(`{${entries.map(([key, part]) => `${JSON.stringify(key)}:${JSON.stringify(part)}`).reverse()}}`);
};

it('says the same of data in whatever order its fields come', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(equalJson(value, reversed(value))).toBe(true);
    }),
  );
});

it('tells apart what is written differently', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      // As text with sorted fields: -0 is written as 0.
      const sorted = (value: unknown): string =>
        JSON.stringify(value, (_, part) =>
          typeof part === 'object' && part !== null && !Array.isArray(part)
            ? Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)))
            : part,
        );
      expect(equalJson(a, b)).toBe(sorted(a) === sorted(b));
    }),
  );
  expect(equalJson({}, [])).toBe(false);
  expect(equalJson([], {})).toBe(false);
  expect(equalJson({ a: null }, {})).toBe(false);
  expect(equalJson([1], [1, 2])).toBe(false);
});

it('takes a field that is undefined as absent, and those of the prototype as none', () => {
  expect(equalJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(equalJson({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  expect(equalJson({ a: undefined }, { b: 1 })).toBe(false);
  expect(equalJson({ constructor: Object }, {})).toBe(false);
  expect(equalJson({}, { toString: 'x' })).toBe(false);
});
