import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLabelSelector, labelSelectorMatcher, parseFieldSelector, parseLabelRequirements, parseLabelSelector } from './selectors.ts';

const word = fc.stringMatching(/^[a-z]([a-z0-9.-]{0,6}[a-z0-9])?$/).filter((w) => w !== 'in' && w !== 'notin');
const labels = fc.dictionary(word, word, { maxKeys: 4 });
const message = (act: () => unknown): string => {
  try {
    act();
  } catch (e) {
    return (e as Error).message;
  }
  throw new Error('expected a refusal');
};

describe('label selectors', () => {
  it.each([
    ['', { a: 'b' }, true],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a = b , c != d', { a: 'b' }, true],
    ['c!=d', { c: 'd' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['!a', {}, true],
    ['e in (x,y)', { e: 'y' }, true],
    ['e in (x,y)', {}, false],
    ['e in ()', { e: '' }, true],
    ['e in (x,)', { e: '' }, true],
    ['f notin (z)', {}, true],
    ['f notin (z)', { f: 'z' }, false],
    ['in=notin', { in: 'notin' }, true],
    ['x in (in,notin)', { x: 'in' }, true],
    ['n>3', { n: '4' }, true],
    ['n>3', { n: '3' }, false],
    ['n<10', { n: '9' }, true],
    ['n<10', { n: 'many' }, false],
    ['a=', { a: '' }, true],
    ['a=,b=c', { a: '', b: 'c' }, true],
    ['example.com/team in (red)', { 'example.com/team': 'red' }, true],
    ['toString', {}, false],
  ])('%s against %j gives %s', (selector, set, expected) => {
    expect(parseLabelSelector(selector)(set)).toBe(expected);
  });

  it('treats an object without labels as one with none', () => {
    expect(parseLabelSelector('a!=b')(undefined)).toBe(true);
    expect(parseLabelSelector('a')(undefined)).toBe(false);
  });

  it('refuses malformed text in the words of upstream', () => {
    expect(message(() => parseLabelSelector('a=b c'))).toBe("found 'c', expected: ',' or 'end of string'");
    expect(message(() => parseLabelSelector('a=b,'))).toBe("found '', expected: identifier after ','");
    expect(message(() => parseLabelSelector('=b'))).toBe("found '=', expected: !, identifier, or 'end of string'");
    expect(message(() => parseLabelSelector('a is b'))).toBe(
      "unable to parse requirement: found 'is', expected: in, notin, =, ==, !=, gt, lt",
    );
    expect(message(() => parseLabelSelector('a in b'))).toBe("unable to parse requirement: found 'b' expected: '('");
    expect(message(() => parseLabelSelector('a in (b'))).toBe("unable to parse requirement: found '', expected: ',' or ')'");
    expect(message(() => parseLabelSelector('n>x'))).toBe(
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    );
    expect(message(() => parseLabelSelector('a=-b'))).toContain('values[0][a]: Invalid value: "-b": a valid label must be an empty string');
    expect(message(() => parseLabelSelector('-a=b'))).toContain('<nil>: Invalid value: "-a": name part must consist of');
    expect(message(() => parseLabelSelector('a,'.repeat(40_000)))).toContain('may not be more than');
  });

  it('never throws anything but a BadRequest, whatever the text', () => {
    const soup = fc
      .array(fc.constantFrom('a', 'in', 'notin', '(', ')', ',', '=', '!', '!=', '==', '>', '<', ' ', '1', '/', '.'))
      .map((t) => t.join(''));
    fc.assert(
      fc.property(soup, (text) => {
        try {
          parseLabelSelector(text)({ a: '1' });
        } catch (e) {
          expect(e).toMatchObject({ reason: 'BadRequest' });
        }
      }),
    );
  });

  it('matches everything for an empty selector object and nothing for an absent one', () => {
    expect(labelSelectorMatcher({})({ a: 'b' })).toBe(true);
    expect(labelSelectorMatcher(undefined)({ a: 'b' })).toBe(false);
  });

  it('writes selector objects as text, sorted by key', () => {
    const selector = {
      matchLabels: { b: '1', a: '2' },
      matchExpressions: [
        { key: 'aa', operator: 'NotIn', values: ['y', 'x'] },
        { key: 'c', operator: 'Exists' },
      ],
    };
    expect(formatLabelSelector(selector)).toBe('a=2,aa notin (x,y),b=1,c');
  });

  it('matches the same labels as an object and as its text', () => {
    const expression = fc.oneof(
      fc.record({ key: word, operator: fc.constantFrom('In', 'NotIn'), values: fc.array(word, { minLength: 1, maxLength: 3 }) }),
      fc.record({ key: word, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
    );
    const selector = fc.record({ matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 3 }) });
    fc.assert(
      fc.property(selector, labels, (object, set) => {
        expect(parseLabelSelector(formatLabelSelector(object))(set)).toBe(labelSelectorMatcher(object)(set));
      }),
    );
  });

  it('hands out requirements for index look-ups', () => {
    expect(parseLabelRequirements('app=web')).toEqual([{ key: 'app', operator: '=', values: ['web'] }]);
  });

  it('refuses an unknown operator in a selector object', () => {
    expect(message(() => labelSelectorMatcher({ matchExpressions: [{ key: 'a', operator: 'Like' }] }))).toBe(
      '"Like" is not a valid label selector operator',
    );
  });
});

describe('field selectors', () => {
  it('reads equality and inequality', () => {
    expect(parseFieldSelector('metadata.name=x,status.phase!=Running,spec.nodeName==')).toEqual([
      { field: 'metadata.name', op: '=', value: 'x' },
      { field: 'status.phase', op: '!=', value: 'Running' },
      { field: 'spec.nodeName', op: '=', value: '' },
    ]);
    expect(parseFieldSelector('')).toEqual([]);
  });

  it('undoes escapes in values', () => {
    expect(parseFieldSelector(String.raw`a=b\,c\=d\\e`)).toEqual([{ field: 'a', op: '=', value: String.raw`b,c=d\e` }]);
  });

  it('refuses what it cannot read', () => {
    expect(message(() => parseFieldSelector('a'))).toBe("invalid selector: 'a'; can't understand 'a'");
    expect(message(() => parseFieldSelector('a=b=c'))).toContain('unescaped character in value');
    expect(message(() => parseFieldSelector(String.raw`a=\b`))).toContain('invalid escape sequence');
  });
});
