import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLabelSelector, checkLabels, configKeyFindings, portNameFindings, same } from './validation.ts';

const json = fc.jsonValue({ maxDepth: 3 });

describe('same', () => {
  it('is an equivalence on JSON', () => {
    fc.assert(fc.property(json, (a) => same(a, structuredClone(a))));
    fc.assert(fc.property(json, json, (a, b) => same(a, b) === same(b, a)));
  });

  it('takes what is empty for what is absent, and nothing else', () => {
    expect(same({ a: [], b: {}, c: null }, {})).toBe(true);
    expect(same({ a: false }, {})).toBe(false);
    expect(same({ a: '' }, {})).toBe(false);
    expect(same({ a: ['x'] }, {})).toBe(false);
    expect(same(['a'], ['a', 'b'])).toBe(false);
    expect(same(['a', ''], ['a'])).toBe(false);
    expect(same({ a: 1 }, { a: '1' })).toBe(false);
  });
});

describe('the shared checks', () => {
  it('know names of ports and keys of data', () => {
    expect([...portNameFindings('http'), ...configKeyFindings('my.key_1-A')]).toEqual([]);
    expect(portNameFindings('8080')).toEqual(['must contain at least one letter (a-z)']);
    expect(portNameFindings('a-name-that-is-long')).toEqual(['must be no more than 15 characters']);
    expect(configKeyFindings('..')).toEqual(["must not be '..'"]);
  });

  it('name the label and the expression that is wrong', () => {
    expect(checkLabels('spec.l', { ok: 'yes', 'not ok': 'x' }).map((e) => e.path)).toEqual(['spec.l']);
    const expressions = [
      { key: 'a', operator: 'In' },
      { key: 'b', operator: 'Exists', values: ['x'] },
      { key: 'c', operator: 'Near' },
    ];
    expect(checkLabelSelector('s', { matchExpressions: expressions }).map((e) => `${e.path}: ${e.message}`)).toEqual([
      "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "s.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      's.matchExpressions[2].operator: Invalid value: "Near": not a valid selector operator',
    ]);
  });
});
