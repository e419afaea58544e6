import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical, templateHash } from './template-hash-plan.ts';

const json = fc.jsonValue({ maxDepth: 3 });

test('the order of keys makes no difference, and what is equal after JSON is equal', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), (object) => {
      const reversed = Object.fromEntries(Object.entries(object).reverse());
      expect(canonical(reversed)).toBe(canonical(object));
      expect(canonical(JSON.parse(JSON.stringify(object)))).toBe(canonical(object));
    }),
  );
});

test('a hash is a safe part of a name, stable, and another for another collision count', () => {
  fc.assert(
    fc.property(json, fc.nat(20), (template, count) => {
      expect(templateHash(template, count)).toMatch(/^[4-9bcdf]{1,10}$/);
      expect(templateHash(template, count)).toBe(templateHash(structuredClone(template), count));
      expect(templateHash(template, count)).not.toBe(templateHash(template, count + 1));
    }),
  );
});

test('an empty list, null and nothing are the same; an empty selector is not the same as none', () => {
  expect(canonical({ a: [], b: null, resources: {} })).toBe(canonical({}));
  expect(canonical({ namespaceSelector: {} })).not.toBe(canonical({}));
});
