import { describe, expect, it } from 'vitest';
import { readYaml } from './yaml-body.ts';

const [YES, NO] = [true, false];

describe('YAML', () => {
  it.each<[unknown, string[]]>([
    [YES, ['y', 'Y', 'yes', 'On', 'TRUE', '!!bool on']],
    [NO, ['n', 'No', 'off', 'false']],
    [null, ['~', 'null', 'NULL', '']],
    [420, ['0644', '0o644', '0x1A4', '0x1a4', '0b110100100', '4_20', '420.', '+420', '4.2e2']],
    [-8, ['-010', '-0x8']],
    [8, ['08', '8']],
    [2n ** 63n - 1n, ['9223372036854775807', '0x7FFF_FFFF_FFFF_FFFF']],
    [2 ** 63, ['9223372036854775808', '0x8000000000000000']],
    [0.5, ['.5', '0.5', '5e-1']],
  ])('reads %s without quotes as Go does', (value, texts) => {
    for (const text of texts) expect(readYaml(`a: ${text}`).value, text).toEqual({ a: value });
  });

  it.each(['2001-01-01', '1:30', '1E400', '0xFFFFFFFFFFFFFFFFFF', '_1', '+', 'yEs', '-.5x'])('reads %s as text', (text) => {
    expect(readYaml(`a: ${text}`).value).toEqual({ a: text });
  });

  it('makes texts of keys, and leaves alone what has quotes', () => {
    expect(readYaml('yes: 1\n0x10: 2\n1.5: "no"\n\'y\': !!str 0644\nb: !!binary aGk=').value).toEqual({
      true: 1,
      '16': 2,
      '1.5': 'no',
      y: '0644',
      b: 'hi',
    });
  });

  it.each([
    ['a: .inf', 'json: unsupported value: +Inf'],
    ['a: -.INF', 'json: unsupported value: -Inf'],
    ['a: .nan', 'json: unsupported value: NaN'],
    ['~: 1', 'unsupported map key of type: %!s(<nil>), key: <nil>'],
    ['{[a]: 1}', 'yaml: invalid map key: ["a"]'],
    ['a: 1\nb: @', 'yaml: line 2: Plain value cannot start with reserved character @'],
  ])('cannot say %j', (text, message) => {
    expect(() => readYaml(text)).toThrow(message);
  });

  it.each(['[', '{a: ', '- ', '? '])('is refused at once when it is too deep: %s', (opener) => {
    expect(() => readYaml(opener.repeat(300_000))).toThrow('yaml: exceeded max depth of 1000');
  });

  it('may have any number of brackets that are not within one another, or only text', () => {
    const text = `a: |\n  ${'[{- '.repeat(1001)}\nb: "${'['.repeat(1001)}"\nc: [${'[a], '.repeat(1001)}]\nd:\n${'- - a\n'.repeat(1001)}`;
    expect(readYaml(text).value).toMatchObject({ c: { length: 1001 }, d: { length: 1001 } });
  });

  it('ends with the first document', () => {
    expect(readYaml('a: 1\n---\n@').value).toEqual({ a: 1 });
  });

  it('may have as many keys as a body has room for, of which the repeated ones are found', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `key${i}: ${i}`);
    const { value, repeated } = readYaml([...lines, 'key7: again'].join('\n'));
    expect(Object.keys(value as object)).toHaveLength(100_000);
    expect(repeated).toEqual(['line 100001: key "key7" already set in map']);
  });

  it('tells of the lines of repeated keys', () => {
    expect(readYaml('a: 1\nb: 2\na: 3\n"b": 4').repeated).toEqual([
      'line 3: key "a" already set in map',
      'line 4: key "b" already set in map',
    ]);
  });
});
