import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault } from './json-fault.ts';

describe('what is wrong with JSON', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a"', 'unexpected end of JSON input'],
    ['{"a":[1,', 'unexpected end of JSON input'],
    ['"abc', 'unexpected end of JSON input'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['-a', "invalid character 'a' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1e,', "invalid character ',' in exponent of numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ['tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['\u0000', "invalid character '\\x00' looking for beginning of value"],
    ['\u0081', "invalid character 'Â' looking for beginning of value"],
    ['ä', "invalid character 'Ã' looking for beginning of value"],
    ['nil', "invalid character 'i' in literal null (expecting 'u')"],
  ])('of %j is said as Go says it', (text, message) => expect(jsonFault(text)).toBe(message));

  it('is found in exactly the texts that the parser refuses', () => {
    const parses = (text: string) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.nat(3), fc.string({ maxLength: 2 }))
      .map(([json, at, length, put]) => json.slice(0, at % (json.length + 1)) + put + json.slice((at % (json.length + 1)) + length));
    const texts = fc.oneof(broken, fc.json(), fc.string({ unit: fc.constantFrom(...'{}[]",:0123.eE+-tfnrualse\\ \n') }));
    fc.assert(
      fc.property(texts, (text) => {
        expect(jsonFault(text) === undefined).toBe(parses(text));
      }),
      { numRuns: 2000 },
    );
  });
});
