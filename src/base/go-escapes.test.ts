import { expect, it } from 'vitest';
import { goQuote } from './go-escapes.ts';

it.each([
  ['a"b\\c', '"a\\"b\\\\c"'],
  ['\u0000\t\u0007\u007f', '"\\x00\\t\\a\\x7f"'],
  ['é 😀 日', '"é 😀 日"'],
  ['a\u00a0b\u2028\ufeff', '"a\\u00a0b\\u2028\\ufeff"'],
  ['\u{10ffff}', '"\\U0010ffff"'],
])('Go quotes %j as %s', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});
