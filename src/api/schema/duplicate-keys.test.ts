import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateKeys } from './duplicate-keys.ts';

describe('duplicate fields', () => {
  it('are named by their path, once each', () => {
    const text = '{"a":1,"spec":{"x":1,"x":2,"x":3,"list":[{"b":1},{"b":1,"b":"c,{\\"b\\":"}]},"a":{}}';
    expect(findDuplicateKeys(text)).toEqual(['duplicate field "spec.x"', 'duplicate field "spec.list[1].b"', 'duplicate field "a"']);
  });

  it('are recognised through escapes', () => {
    expect(findDuplicateKeys('{"a":1,"\\u0061":2}')).toEqual(['duplicate field "a"']);
  });

  it('are never found in what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(findDuplicateKeys(JSON.stringify(value, null, 1))).toEqual([]);
      }),
    );
  });
});
