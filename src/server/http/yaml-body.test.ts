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
});
