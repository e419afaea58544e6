import { describe, expect, it } from 'vitest';
import {
  CelBudget,
  type CelEnvironment,
  CelError,
  compileCel,
  DOUBLE,
  DYN,
  INT,
  LazyMap,
  listOf,
  objectType,
  STRING,
  TIMESTAMP,
  toJson,
} from './index.ts';

const self = { a: { list: [1, 2, 3] }, labels: { app: 'web' }, ratio: 1.5, nothing: null };
const evaluate = (expression: string, bindings: Readonly<Record<string, unknown>> = { self }): unknown => {
  const variables = Object.fromEntries(Object.keys(bindings).map((name) => [name, DYN]));
  return toJson(compileCel(expression, { variables }).evaluate(bindings));
};
const error = (run: () => unknown): CelError => {
  try {
    run();
  } catch (e) {
    if (e instanceof CelError) return e;
    throw e;
  }
  throw new Error('it succeeded');
};
const compileErrorOf = (expression: string, environment: CelEnvironment = { variables: { self: DYN } }) =>
  error(() => compileCel(expression, environment)).message.split('\n')[0];

describe('expressions', () => {
  it.each([
    ['1 + 2 * 3 - -4', 11],
    ['7 / 2', 3],
    ['-7 % 3', -1],
    ['7.0 / 2.0', 3.5],
    ['"a" + \'b\' + """c"""', 'abc'],
    ['self.a.list.all(x, x > 0)', true],
    ['self.a.list.exists(x, x == 2)', true],
    ['self.a.list.exists_one(x, x > 1)', false],
    ['self.a.list.map(x, x * 2)', [2, 4, 6]],
    ['self.a.list.map(x, x > 1, x * 2)', [4, 6]],
    ['self.a.list.filter(x, x % 2 == 1)', [1, 3]],
    ['self.a.list.all(i, v, v == i + 1)', true],
    ['self.a.list.exists(i, v, i == 2 && v == 3)', true],
    ['self.a.list.transformList(i, v, i * v)', [0, 2, 6]],
    ['self.a.list.transformList(i, v, i > 0, v)', [2, 3]],
    ['self.labels.transformMap(k, v, k + "=" + v)', { app: 'app=web' }],
    ['self.labels.transformMapEntry(k, v, {v: k})', { web: 'app' }],
    ['self.labels.all(k, k.size() == 3)', true],
    ['"app" in self.labels && !("x" in self.labels) && 2 in self.a.list', true],
    ['has(self.a.list) && !has(self.a.other)', true],
    ['self.?missing.?deep.orValue("none")', 'none'],
    ['self.labels[?"app"].value() + self.labels["app"]', 'webweb'],
    ['self.?labels.app.hasValue()', true],
    ['self.a.list[?7].orValue(0)', 0],
    ['optional.of(2).optMap(x, x * 2).or(optional.none()).value()', 4],
    ['optional.none().optFlatMap(x, optional.of(1)).hasValue()', false],
    ['[?self.?gone, ?optional.of(dyn(1))]', [1]],
    ['{?"gone": self.?gone, "kept": dyn(1)}', { kept: 1 }],
    ['[optional.of(1), optional.none()].size()', 2],
    ['string(1e20) + " " + string(123456789.5) + " " + string(0.0001) + " " + string(-0.0)', '1e+20 1.234567895e+08 0.0001 -0'],
    ['string(timestamp("2020-01-01T01:00:00.5+01:00") + duration("1h"))', '2020-01-01T02:00:00.5+01:00'],
    ['{"a": 1, "a": 2}', { a: 2 }],
    ['{1.5: "x"}.size()', 1],
    ['has(self.labels.app.first) || self.labels.app.?first.hasValue()', false],
    ['self.a.list.sortBy(x, -x)', [3, 2, 1]],
    ['self.ratio == 1.5 && self.ratio > 1 && self.a.list[0] == 1.0', true],
    ['self.nothing == null ? "null" : "set"', 'null'],
    ['true || 1 / 0 == 1', true],
    ['1 / 0 == 1 || true', true],
    ['[0, 1].exists(x, 1 / x == 1)', true],
    ['[[1, 2], [3]].map(l, l.map(x, x + 1))', [[2, 3], [4]]],
    ['type(type) == type(type(1)) && type(type) == type && type(int) == type', true],
    ['.5 > 0.25 && .5e1 == 5.0 && [.5, -.25][1] == -0.25 && 1.5 > .5 && {"a": .5}.a == .5', true],
    ['{null: 1}.size() == 1 && {null: 1}[null] == 1 && null in {null: 1}', true],
    ['type(1) == int && type(self.ratio) == double && type("") == string && type([]) == list', true],
    ['timestamp("2024-02-29T12:00:00.5Z") - duration("90m")', '2024-02-29T10:30:00.5Z'],
    ['string(duration("1h30m1.5s"))', '5401.5s'],
    ['int("42") + int(2.9) + int(3u)', 47],
    ['b"\\x01a" + bytes("é")', 'AWHDqQ=='],
    ['size("héllo😀")', 6],
    ['self.labels == {"app": "web"} && self.a.list == [1, 2, 3]', true],
    ['// a comment\n1 < 2', true],
    ['[[1], [2]].flatten()', [1, 2]],
    ['"%s".format([{"a": [1], "b": [2.5]}.a == [1]])', 'true'],
    ['"%s".format([dyn([1])[?0].value()])', '1'],
    ['double("1_000.5") + double("0x1p-2") + double("+INF")', Infinity],
    ['timestamp("2020-01-01T00:00:00,5+24:00") == timestamp("2019-12-31T00:00:00.5Z")', true],
  ])('%s', (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });

  it.each([
    ['self.missing', 'no such key: missing'],
    ['self.a.list[7]', 'index out of bounds: 7'],
    ['1 / 0', 'division by zero'],
    ['1 % 0', 'modulus by zero'],
    ['9223372036854775807 + 1', 'integer overflow'],
    ['self.labels + 1', 'no such overload'],
    ['self.a.list.map(x, x.y)', 'no such key: y'],
    ['self.a.list.y', "unsupported index type 'string' in list"],
    ['self.a.list[1.5]', 'unsupported index value 1.5 in list'],
    ['self.labels.app.all(x, true)', "got 'types.String', expected iterable type"],
    ['int(self.labels.app)', "type conversion error from 'string' to 'int'"],
    ['int("x") == 1', "type conversion error from 'string' to 'int'"],
    ['self.labels.app.find("(")', 'error parsing regexp: missing closing ): `(`'],
    ['bytes(self.a)', 'no such overload: bytes(map)'],
    ['bytes(dyn({}))', 'no such overload: bytes(map)'],
    ['"a".matches(dyn("("))', 'error parsing regexp: missing closing ): `(`'],
    ['double("1e400")', "type conversion error from 'string' to 'double'"],
    ['optional.none().value()', 'optional.none() dereference'],
    ['[0].all(x, 1 / x == 1)', 'division by zero'],
  ])('%s ends with: %s', (expression, message) => {
    expect(error(() => evaluate(expression))).toMatchObject({ reason: 'runtime', message });
  });
});

describe('compilation', () => {
  it.each([
    ['nope', "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')"],
    ['self.x.frobnicate()', "ERROR: <input>:1:18: undeclared reference to 'frobnicate' (in container '')"],
    ['1 + "a"', "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'"],
    ['1 == 1.0', "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, double)'"],
    ['[1, "a"]', "ERROR: <input>:1:5: expected type 'int' but found 'string'"],
    ['true ? 1 : "a"', "ERROR: <input>:1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"],
    ['1.all(x, true)', "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"],
    ['has(self)', 'ERROR: <input>:1:5: invalid argument to has() macro'],
    ['\n  nope', "ERROR: <input>:2:3: undeclared reference to 'nope' (in container '')"],
    ['has({"a": 1}["a"])', 'ERROR: <input>:1:13: invalid argument to has() macro'],
    ['if', 'ERROR: <input>:1:1: reserved identifier: if'],
    ['9223372036854775808', 'ERROR: <input>:1:1: invalid int literal'],
    ['[1].all(1, true)', 'ERROR: <input>:1:9: argument must be a simple name'],
    ['true || 1', "ERROR: <input>:1:9: expected type 'bool' but found 'int'"],
    ['[1].all(x, x)', "ERROR: <input>:1:12: expected type 'bool' but found 'int'"],
    ['[1].filter(x, x)', "ERROR: <input>:1:11: found no matching overload for '_?_:_' applied to '(int, list(int), list(int))'"],
    ['[1, dyn(2)]', "ERROR: <input>:1:8: expected type 'int' but found 'dyn'"],
    ['startsWith("a")', "ERROR: <input>:1:11: found no matching overload for 'startsWith' applied to '(string)'"],
    ['[1][1.5]', "ERROR: <input>:1:4: found no matching overload for '_[_]' applied to '(list(int), double)'"],
    ['duration("x")', 'ERROR: <input>:1:10: invalid duration argument'],
    ['"a".matches("(")', 'ERROR: <input>:1:13: invalid matches argument'],
    ['"%d".format(["a"])', 'ERROR: <input>:1:14: error during formatting: decimal clause can only be used on integers, was given string'],
    ['"%s%s".format(["a"])', 'ERROR: <input>:1:14: index 1 out of range'],
    ['[1].flatten()', "ERROR: <input>:1:12: found no matching overload for 'flatten' applied to 'list(int).()'"],
    ['[{}].min()', "ERROR: <input>:1:9: found no matching overload for 'min' applied to 'list(map(dyn, dyn)).()'"],
    ['[?1]', "ERROR: <input>:1:3: expected type 'optional_type(int)' but found 'int'"],
    ['{?"a": 1}', "ERROR: <input>:1:8: expected type 'optional_type(int)' but found 'int'"],
    ['[1].all(x, x, true)', 'ERROR: <input>:1:12: duplicate variable name: x'],
    ['[1].all(__result__, true)', 'ERROR: <input>:1:9: iteration variable overwrites accumulator variable'],
    ['{}.sortBy(x, x)', 'ERROR: <input>:1:1: sortBy can only be applied to a list, identifier, comprehension, call or select expression'],
    ['timestamp("2020-01-01t00:00:00z")', 'ERROR: <input>:1:11: invalid timestamp argument'],
    ['timestamp("2020-02-30T00:00:00Z")', 'ERROR: <input>:1:11: invalid timestamp argument'],
    ['timestamp("2020-01-01T24:00:00Z")', 'ERROR: <input>:1:11: invalid timestamp argument'],
    ['"".format(["a"])', 'ERROR: <input>:1:10: too many arguments supplied to string.format (expected 0, got 1)'],
    [
      '1 +',
      "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
    ],
    ['self bc', "ERROR: <input>:1:6: Syntax error: extraneous input 'bc' expecting <EOF>"],
  ])('of %j says: %s', (expression, message) => {
    expect(compileErrorOf(expression)).toBe(message);
  });

  it('says all that is wrong, in the order of the source', () => {
    const { message } = error(() => compileCel('x.all(y, y == z) && self.nope(q) == {"a": 1, 2: "b"}', { variables: { self: DYN } }));
    expect(message.split('\n').filter((line) => line.startsWith('ERROR'))).toEqual([
      "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')",
      "ERROR: <input>:1:15: undeclared reference to 'z' (in container '')",
      "ERROR: <input>:1:30: undeclared reference to 'nope' (in container '')",
      "ERROR: <input>:1:31: undeclared reference to 'q' (in container '')",
    ]);
  });

  it('marks the place below the line', () => {
    expect(error(() => compileCel('1 < 2 &&\n  x', { variables: {} })).message).toBe(
      "ERROR: <input>:2:3: undeclared reference to 'x' (in container '')\n |   x\n | ..^",
    );
  });

  it('knows fields of typed variables, and reads values as their types say', () => {
    const type = objectType('Self', { ratio: DOUBLE, at: TIMESTAMP, names: listOf(STRING), __if__: { type: INT, property: 'if' } });
    const run = (expression: string) => {
      const program = compileCel(expression, { variables: { self: type } });
      return toJson(program.evaluate({ self: { ratio: 1, at: '2024-01-01T00:00:00Z', names: ['a'], if: 7 } }));
    };
    expect(run('self.ratio / 2.0')).toBe(0.5);
    expect(run('self.at + duration("1s")')).toBe('2024-01-01T00:00:01Z');
    expect(run('self.__if__ + 1')).toBe(8);
    expect(compileErrorOf('self.nope', { variables: { self: type } })).toBe("ERROR: <input>:1:5: undefined field 'nope'");
    expect(compileErrorOf('self.names[0] + 1', { variables: { self: type } })).toContain("'_+_' applied to '(string, int)'");
  });

  it('knows variables whose names have dots', () => {
    const program = compileCel('a.b + a.c', { variables: { 'a.b': INT, a: objectType('A', { c: INT }) } });
    expect(program.evaluate({ 'a.b': 1, a: { c: 2 } })).toBe(3n);
  });

  it('wants the result to be what the place wants', () => {
    expect(error(() => compileCel('1', { variables: {}, returns: 'bool' })).message).toBe('must evaluate to bool but got int');
    expect(compileCel('1 < 2', { variables: {}, returns: 'bool' }).evaluate({})).toBe(true);
  });
});

describe('cost', () => {
  const list = Array.from({ length: 2000 }, (_, i) => i);

  it('ends evaluations that loop too much', () => {
    const program = compileCel('l.all(a, l.all(b, l.all(c, true)))', { variables: { l: DYN } });
    expect(error(() => program.evaluate({ l: list }))).toMatchObject({
      reason: 'budget',
      message: 'operation cancelled: actual cost limit exceeded',
    });
  });

  it.each([
    "s.replace('x', s).replace('x', s).size() > 0",
    'l.map(i, s).join(s).size() > 0',
    'l.map(i, s + s + s + s).map(t, t + t + t + t).all(t, t != s)',
  ])('ends evaluations that grow text: %s', (expression) => {
    const program = compileCel(expression, { variables: { s: STRING, l: DYN } });
    expect(error(() => program.evaluate({ s: 'x'.repeat(10_000), l: list }))).toMatchObject({ reason: 'budget' });
  });

  it.each([
    'l.all(x, l == o)',
    'l.all(x, o.size() > 0)',
    'l.all(x, l in [o, o, l])',
    "l.all(x, t.matches('((a{50}){20}){9}b'))",
    'l.all(x, lists.range(100000).size() > 0)',
    'l.all(x, [[l, l, l], [l, l]].flatten().size() > 0)',
    "l.all(x, '%s'.format([l]) != '')",
    'l.all(x, l.distinct().size() > 0)',
  ])('of one step may be large, and is counted: %s', (expression) => {
    const program = compileCel(expression, { variables: { l: DYN, o: DYN, t: STRING } });
    const started = performance.now();
    const o = Object.fromEntries(list.map((i) => [`key${i}`, i]));
    expect(error(() => program.evaluate({ l: list, o: expression.includes('l == o') ? [...list] : o, t: 'a'.repeat(5000) }))).toMatchObject(
      { reason: 'budget' },
    );
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('is taken off the budget that expressions share', () => {
    const program = compileCel('l.all(a, a >= 0)', { variables: { l: DYN } });
    const budget = new CelBudget(50_000);
    program.evaluate({ l: list }, budget);
    expect(budget.remaining).toBeLessThan(50_000);
    expect(
      error(() => {
        for (let i = 0; i < 100; i++) program.evaluate({ l: list }, budget);
      }),
    ).toMatchObject({ reason: 'budget' });
  });

  it('is estimated from the sizes that are declared', () => {
    const cost = (max: number) => compileCel('l.all(i, i != 1)', { variables: { l: listOf(INT) }, sizes: { max } }).estimatedCost;
    expect(cost(10)).toBeLessThan(cost(1000));
    expect(cost(1000) / cost(10)).toBeGreaterThan(50);
  });
});

it('computes lazy bindings when they are used', () => {
  const asked: string[] = [];
  const variables = new LazyMap((key) => {
    asked.push(key);
    return key === 'x' ? 1 : undefined;
  });
  expect(evaluate('true || variables.y == 1', { variables })).toBe(true);
  expect(evaluate('variables.x + variables.x', { variables })).toBe(2);
  expect(asked).toEqual(['x', 'x']);
});
