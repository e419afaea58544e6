import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRegex, RegexError } from './regex.ts';

const found = (pattern: string, text: string) =>
  compileRegex(pattern)
    .findAll(text)
    .map(({ start, end }) => text.slice(start, end));

describe('regular expressions', () => {
  it.each([
    ['a+b', 'xaaab', ['aaab']],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'my-name', ['my-name']],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', '-name', []],
    ['[0-9]*', 'abc 123', ['', '', '', '', '123']],
    ['a|ab', 'ab', ['a']],
    ['ab|a', 'ab', ['ab']],
    ['a{2,3}', 'aaaaaaa', ['aaa', 'aaa']],
    ['a{2,3}?', 'aaaaa', ['aa', 'aa']],
    ['<.*?>', '<a><b>', ['<a>', '<b>']],
    ['(?i)HeLLo', 'hello HELLO', ['hello', 'HELLO']],
    ['(?m)^b$', 'a\nb\nc', ['b']],
    ['a.c', 'a\nc abc', ['abc']],
    ['(?s)a.c', 'a\nc', ['a\nc']],
    ['\\bfoo\\b', 'foo foobar', ['foo']],
    ['[[:alpha:]_]+', 'ab_1', ['ab_']],
    ['[^a-c]+', 'abcxyz', ['xyz']],
    ['[]a]+', ']a', [']a']],
    ['\\p{Lu}\\pL*', 'x Ünder', ['Ünder']],
    ['(?P<year>\\d{4})-(?:\\d\\d)', 'on 2024-05', ['2024-05']],
    ['\\Qa.b\\E', 'axb a.b', ['a.b']],
    ['\\x41\\x{42}\\.', 'AB.', ['AB.']],
    ['😀+', 'a😀😀', ['😀😀']],
    ['(?i:a)b', 'Ab AB', ['Ab']],
  ])('%s in %j finds %j', (pattern, text, expected) => {
    expect(found(pattern, text)).toEqual(expected);
  });

  it.each([
    ['a(', 'error parsing regexp: missing closing ): `a(`'],
    ['a)', 'error parsing regexp: unexpected ): `a)`'],
    ['[a', 'error parsing regexp: missing closing ]: `[a`'],
    ['*a', 'error parsing regexp: missing argument to repetition operator: `*`'],
    ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
    ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`'],
    ['\\y', 'error parsing regexp: invalid escape sequence: `\\y`'],
    ['[z-a]', 'error parsing regexp: invalid character class range: `z-a`'],
    ['((a{1000}){1000}){1000}', 'error parsing regexp: expression too large'],
  ])('%s is refused: %s', (pattern, message) => {
    expect(() => compileRegex(pattern)).toThrow(new RegexError(message));
  });

  it('take no longer on text that makes others try every way', () => {
    expect(compileRegex('^(a+)+$').test(`${'a'.repeat(10_000)}b`)).toBe(false);
    expect(compileRegex('(x+x+)+y').test('x'.repeat(5_000))).toBe(false);
  });

  it('find what JavaScript finds, where both mean the same', () => {
    const piece = fc.constantFrom('a', 'b', '[ab]', '.', 'a*', 'b+?', '(a|b)', '(?:ab)?', 'a{1,2}', '^', '$', '\\w');
    const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        const theirs = new RegExp(source).exec(subject);
        const ours = compileRegex(source).find(subject);
        expect(ours && [ours.start, ours.end]).toEqual(theirs ? [theirs.index, theirs.index + theirs[0].length] : undefined);
      }),
      { numRuns: 500 },
    );
  });
});
