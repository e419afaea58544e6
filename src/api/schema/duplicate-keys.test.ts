import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateKeys } from './duplicate-keys.ts';

const duplicatesIn = (text: string) => findDuplicateKeys(text, JSON.parse(text));

describe('duplicate fields', () => {
  it('are named by their path, once each', () => {
    const text = '{"a":1,"spec":{"x":1,"x":2,"x":3,"list":[{"b":1},{"b":1,"b":"c,{\\"b\\":"}]},"a":{}}';
    expect(duplicatesIn(text)).toEqual(['duplicate field "spec.x"', 'duplicate field "spec.list[1].b"', 'duplicate field "a"']);
  });

  it('are named by the place in a list that is all there is', () => {
    expect(duplicatesIn('[{},{"a":1,"a":2}]')).toEqual(['duplicate field "[1].a"']);
  });

  it('are recognised through escapes', () => {
    expect(duplicatesIn('{"a":1,"\\u0061":2}')).toEqual(['duplicate field "a"']);
  });

  it('are not mixed up with colons and quotes in texts, or with the prototype', () => {
    expect(duplicatesIn('{"a:b":"c:\\"d:\\\\","__proto__":{"x":"\\\\\\":"}}')).toEqual([]);
    expect(duplicatesIn('{"a:":":","a:":"\\":"}')).toEqual(['duplicate field "a:"']);
    expect(duplicatesIn('{"__proto__":1,"__proto__":2}')).toEqual(['duplicate field "__proto__"']);
  });

  it('are found wherever one is put', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.jsonValue(), (members, value) => {
        const [key] = Object.keys(members);
        const repeated = `${JSON.stringify(members).slice(0, -1)},${JSON.stringify(key)}:${JSON.stringify(value)}}`;
        expect(duplicatesIn(`{"list":[${repeated}]}`)).toHaveLength(1);
      }),
    );
  });

  it('are never found in what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(duplicatesIn(JSON.stringify(value, null, 1))).toEqual([]);
      }),
    );
  });
});
