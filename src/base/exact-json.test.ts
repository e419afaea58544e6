import { describe, expect, it } from 'vitest';
import { exactInteger, parseExactJson } from './exact-json.ts';

describe('JSON with whole numbers that doubles cannot hold', () => {
  it.each(['9223372036854775807', '-9223372036854775808', '9007199254740993', '9007199254740992', '9007199254740991', '-1'])(
    'keeps %s',
    (number) => {
      for (const text of [number, `[${number}]`, `{"a":{"b":${number}},"c":"x"}`]) {
        expect(JSON.stringify(parseExactJson(text))).toBe(text);
      }
    },
  );
  it('takes for doubles what is beyond, or has a fraction or an exponent', () => {
    expect(parseExactJson('[9223372036854775808, -9223372036854775809, 9223372036854775807.0, 9223372036854775807e0, 1e17]')).toEqual([
      2 ** 63,
      -(2 ** 63),
      2 ** 63,
      2 ** 63,
      1e17,
    ]);
  });
  it('refuses what is greater than a double holds', () => {
    for (const number of ['1E400', '-1e+999', '9'.repeat(400)])
      expect(() => parseExactJson(`{"a":[${number}]}`)).toThrow(`json: cannot unmarshal number ${number} into Go value of type float64`);
    expect(parseExactJson('[1e300, 1e-400, "1e400"]')).toEqual([1e300, 0, '1e400']);
  });
  it('leaves texts alone', () => {
    expect(parseExactJson('{"a":" 9223372036854775807", "9223372036854775807":1}')).toEqual({
      a: ' 9223372036854775807',
      '9223372036854775807': 1,
    });
  });
  it('has numbers wherever they are exact', () => {
    expect([exactInteger(7n), exactInteger(2n ** 63n - 1n), exactInteger(2n ** 63n)]).toEqual([7, 2n ** 63n - 1n, undefined]);
  });
});
