import { describe, expect, it } from 'vitest';
import { warningHeaders } from './warning-headers.ts';

const textOf = (header: string) => Buffer.from(header, 'latin1').toString().slice('299 - "'.length, -1);
const lengths = (texts: string[]) => warningHeaders(texts).map((header) => textOf(header).length);
const distinct = (count: number, length: number) => Array.from({ length: count }, (_, i) => String(i).padStart(length, 'x'));

describe('warnings', () => {
  it('are quoted, each text once', () => {
    expect(warningHeaders(['unknown field "spec.a"', 'C:\\', 'unknown field "spec.a"', ''])).toEqual([
      '299 - "unknown field \\"spec.a\\""',
      '299 - "C:\\\\"',
    ]);
  });

  it('are UTF-8, and none with control characters', () => {
    expect(warningHeaders(['größer 😀', 'a\nb', 'c\u0085d']).map(textOf)).toEqual(['größer 😀']);
  });

  it('are whole up to 4096 characters together', () => {
    expect(lengths(distinct(4, 1024))).toEqual([1024, 1024, 1024, 1024]);
  });

  it('are cut to 256 characters beyond that, and end when that is too much', () => {
    expect(lengths(distinct(5, 1024))).toEqual([256, 256, 256, 256, 256]);
    expect(lengths(distinct(100, 1024))).toEqual(Array(16).fill(256));
  });

  it('that came before it was too much are all there', () => {
    const many = distinct(300, 13);
    expect(lengths([...many, 'x'.repeat(300), 'later'])).toEqual([...Array(300).fill(13), 256]);
    expect(lengths(['x'.repeat(5000), 'later'])).toEqual([256, 5]);
  });
});
