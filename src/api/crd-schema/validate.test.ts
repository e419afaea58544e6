import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { compileJsonPath, compileSchema, dropNulls, listFindings, pruneFields, setDefaults, toStructural } from './index.ts';

function found(schema: JSONSchemaProps, value: unknown, old?: unknown): string[] {
  return compileSchema(schema)
    .validate(value, { old })
    .map(({ path, message }) => `${path}: ${message}`);
}
/** Findings about `x` of an object. */
const x = (schema: JSONSchemaProps, value: unknown, old?: unknown) =>
  found({ type: 'object', properties: { x: schema } }, { x: value }, old === undefined ? undefined : { x: old });

describe('every keyword, in upstream’s words', () => {
  it.each<[string, JSONSchemaProps, unknown, string[]]>([
    ['type', { type: 'integer' }, 'a', ['x: Invalid value: "string": x in body must be of type integer: "string"']],
    [
      'type of a fraction',
      { type: 'integer' },
      1.5,
      [
        'x: Invalid value: "number": x in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in x',
      ],
    ],
    [
      'format of a fraction',
      { type: 'integer', format: 'int64' },
      1e20,
      [
        'x: Invalid value: "float64": x in body must be of type int64: "float64"',
        '<nil>: Invalid value: "": Checked value must be of type integer with format int64 in x',
      ],
    ],
    ['format of no number', { type: 'number', format: 'float' }, true, ['x: Invalid value: "": x in body must be of type float: ""']],
    ['a large number', { type: 'number', maximum: 9.5 }, 1e20, ['x: Invalid value: 1e+20: x in body should be less than or equal to 9.5']],
    ['the fraction of a bound, which no whole number is held to', { type: 'number', minimum: 0.5 }, 0, []],
    [
      'a bound that is no integer',
      { type: 'integer', maximum: 1.5 },
      3,
      [
        '<nil>: Invalid value: "": Maximum boundary value must be of type integer (default format) in x',
        'x: Invalid value: 3: x in body should be less than or equal to 1.5',
      ],
    ],
    [
      'a factor of less than one, for whole numbers',
      { type: 'number', multipleOf: 0.5 },
      1,
      ['x: Invalid value: 0: factor MultipleOf declared for x must be positive: 0'],
    ],
    ['a whole number as number', { type: 'number' }, 1, []],
    ['null', { type: 'string' }, null, ['x: Invalid value: "null": x in body must be of type string: "null"']],
    ['nullable', { type: 'string', nullable: true }, null, []],
    [
      'int or string',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"'],
    ],
    ['int or string as text', { 'x-kubernetes-int-or-string': true }, '5%', []],
    ['enum', { type: 'string', enum: ['a', 'b'] }, 'c', ['x: Unsupported value: "c": supported values: "a", "b"']],
    ['enum of numbers', { type: 'integer', enum: [1, 2] }, 3, ['x: Unsupported value: 3: supported values: "1", "2"']],
    ['minimum', { type: 'integer', minimum: 1 }, 0, ['x: Invalid value: 0: x in body should be greater than or equal to 1']],
    ['exclusive minimum', { minimum: 1, exclusiveMinimum: true }, 1, ['x: Invalid value: 1: x in body should be greater than 1']],
    ['maximum', { type: 'number', maximum: 1.5 }, 2.5, ['x: Invalid value: 2.5: x in body should be less than or equal to 1.5']],
    ['exclusive maximum', { maximum: 1, exclusiveMaximum: true }, 1, ['x: Invalid value: 1: x in body should be less than 1']],
    ['multipleOf', { type: 'integer', multipleOf: 5 }, 7, ['x: Invalid value: 7: x in body should be a multiple of 5']],
    ['multipleOf of fractions', { type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      'int32',
      { type: 'integer', format: 'int32' },
      2 ** 31,
      ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in x'],
    ],
    ['maxLength', { type: 'string', maxLength: 2 }, 'abc', ['x: Too long: may not be more than 2 bytes']],
    ['maxLength in characters', { type: 'string', maxLength: 2 }, '😀😀', []],
    ['minLength', { type: 'string', minLength: 2 }, '😀', ['x: Invalid value: "😀": x in body should be at least 2 chars long']],
    ['pattern', { type: 'string', pattern: '^a+$' }, 'b', ['x: Invalid value: "b": x in body should match \'^a+$\'']],
    ['pattern with flags', { type: 'string', pattern: '(?i)^[[:alpha:]]+\\z' }, 'AbC', []],
    ['format', { type: 'string', format: 'ipv4' }, 'x', ['x: Invalid value: "x": x in body must be of type ipv4: "x"']],
    ['a format that nobody checks', { type: 'string', format: 'colour' }, 'x', []],
    ['minItems', { type: 'array', minItems: 1 }, [], ['x: Invalid value: 0: x in body should have at least 1 items']],
    ['maxItems', { type: 'array', maxItems: 1 }, [1, 2], ['x: Too many: 2: must have at most 1 item']],
    [
      'uniqueItems',
      { type: 'array', uniqueItems: true },
      [{ a: 1 }, { a: 1 }],
      ['x: Invalid value: "": x in body shouldn\'t contain duplicates'],
    ],
    [
      'items',
      { type: 'array', items: { type: 'string' } },
      ['a', 1],
      ['x[1]: Invalid value: "integer": x[1] in body must be of type string: "integer"'],
    ],
    ['minProperties', { type: 'object', minProperties: 1 }, {}, ['x: Invalid value: 0: x in body should have at least 1 properties']],
    ['maxProperties', { type: 'object', maxProperties: 1 }, { a: 1, b: 2 }, ['x: Too many: 2: must have at most 1 item']],
    ['required', { type: 'object', required: ['a'] }, {}, ['x.a: Required value']],
    [
      'additionalProperties',
      { type: 'object', additionalProperties: { type: 'string' } },
      { k: 1 },
      ['x.k: Invalid value: "integer": x.k in body must be of type string: "integer"'],
    ],
    [
      'no additionalProperties',
      { type: 'object', additionalProperties: false },
      { k: 1 },
      ['x: Invalid value: "k": x.k in body is a forbidden property'],
    ],
    [
      'allOf',
      { allOf: [{ minimum: 3 }, { maximum: 9 }] },
      1,
      [
        'x: Invalid value: 1: x in body should be greater than or equal to 3',
        '<nil>: Invalid value: "": "x" must validate all the schemas (allOf)',
      ],
    ],
    [
      'anyOf',
      { anyOf: [{ minimum: 3 }, { maximum: 0 }] },
      1,
      [
        '<nil>: Invalid value: "": "x" must validate at least one schema (anyOf)',
        'x: Invalid value: 1: x in body should be greater than or equal to 3',
      ],
    ],
    [
      'oneOf',
      { oneOf: [{ minimum: 1 }, { maximum: 9 }] },
      5,
      ['<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    ['not', { not: { minimum: 3 } }, 5, ['<nil>: Invalid value: "": "x" must not validate the schema (not)']],
  ])('%s', (_, schema, value, findings) => {
    expect(x(schema, value)).toEqual(findings);
  });

  it.each([
    ['date-time', '2026-01-01T00:00:00Z', '2026-01-01 00:00'],
    ['date', '2024-02-29', '2023-02-29'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123'],
    ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
    ['ipv6', '::1', '1.2.3.4'],
    ['byte', 'YWI=', 'YWI'],
    ['duration', '1h30m', '1 fortnight'],
    ['hostname', 'a.example.com', '-a'],
    ['uri', 'https://example.com/a', 'not a uri'],
    ['email', 'a@example.com', 'a'],
    ['mac', '00:00:5e:00:53:01', '00:00'],
    ['k8s-short-name', 'a-b', 'A'],
    ['ipv4', '01.2.3.4', '1.2.3'],
    ['ipv4', '::ffff:1.2.3.4', '::1'],
    ['cidr', '1.2.3.0/024', '1.2.3.0'],
    ['byte', 'YQ==', ''],
    ['duration', '5 weeks and 2 days', 'weeks'],
    ['hostname', 'über.com', '1.2.3.4'],
    ['uri', 'mailto:', 'http://[::1'],
    ['mac', '4111111111111111', '41111111111111'],
  ])('the format %s takes %s and refuses %s', (format, good, bad) => {
    expect(x({ type: 'string', format }, good)).toEqual([]);
    expect(x({ type: 'string', format }, bad)).toHaveLength(1);
  });
});

test('formats hold for more than the type', () => {
  expect(x({ 'x-kubernetes-preserve-unknown-fields': true, format: 'date' }, 5)).toEqual([
    'x: Invalid value: "int64": x in body must be of type date: "int64"',
  ]);
  expect(x({ 'x-kubernetes-preserve-unknown-fields': true, format: 'date' }, null)).toEqual([]);
  expect(x({ type: 'string', format: 'date' }, ['a'])).toEqual([]);
  expect(x({ type: 'string', format: 'unknown' }, ['a'])).toHaveLength(1);
  expect(x({ type: 'integer', format: 'float' }, 1.5)).toContain(
    '<nil>: Invalid value: "": Checked value must be of type integer (default format) in x',
  );
});

test('text that is too long is told how long it may be', () => {
  expect(x({ type: 'string', maxLength: 1 }, 'ab')).toEqual(['x: Too long: may not be more than 1 byte']);
  expect(x({ type: 'string', maxLength: 2 }, 'abc')).toEqual(['x: Too long: may not be more than 2 bytes']);
});

describe('an update', () => {
  const small: JSONSchemaProps = { type: 'integer', maximum: 5 };

  it('is not refused for what was wrong before and did not change', () => {
    expect(x(small, 9, 9)).toEqual([]);
    expect(x(small, 9, 8)).toHaveLength(1);
  });

  it('looks at the parts of an object one by one', () => {
    const schema: JSONSchemaProps = { type: 'object', properties: { a: small, b: small } };
    expect(x(schema, { a: 9, b: 9 }, { a: 9, b: 1 })).toEqual(['x.b: Invalid value: 9: x.b in body should be less than or equal to 5']);
  });

  it('tells items apart in lists of type map alone', () => {
    const items: JSONSchemaProps = { type: 'object', properties: { k: { type: 'string' }, n: small } };
    const map: JSONSchemaProps = { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
    const [old, now] = [
      [{ k: 'a', n: 9 }],
      [
        { k: 'b', n: 1 },
        { k: 'a', n: 9 },
      ],
    ];
    expect(x(map, now, old)).toEqual([]);
    expect(x({ type: 'array', items }, now, old)).toHaveLength(1);
  });

  it('may bring the items of a list of type map in another order', () => {
    const items: JSONSchemaProps = { type: 'object', properties: { k: { type: 'string' } } };
    const list: JSONSchemaProps = { type: 'array', items, maxItems: 1 };
    const map: JSONSchemaProps = { ...list, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
    const [a, b, c] = [{ k: 'a' }, { k: 'b' }, { k: 'c' }];
    expect(x(map, [b, a], [a, b])).toEqual([]);
    expect(x(map, [b, c], [a, b])).toHaveLength(1);
    expect(x(list, [b, a], [a, b])).toHaveLength(1);
  });

  it('is refused for what allOf, anyOf, oneOf and not say of parts that did not change', () => {
    const a: JSONSchemaProps = { properties: { a: { maximum: 5 } } };
    const of = (more: JSONSchemaProps): JSONSchemaProps => ({ type: 'object', properties: { a: { type: 'integer' }, b: small }, ...more });
    for (const schema of [of({ allOf: [a] }), of({ anyOf: [a] }), of({ oneOf: [a] }), of({ not: { properties: { a: { minimum: 5 } } } })]) {
      expect(x(schema, { a: 9, b: 1 }, { a: 9, b: 2 })).not.toEqual([]);
      expect(x(schema, { a: 9, b: 1 }, { a: 9, b: 1 })).toEqual([]);
    }
  });

  it('is refused where something is that the schema does not describe', () => {
    const open: JSONSchemaProps = { type: 'object', maxProperties: 1, 'x-kubernetes-preserve-unknown-fields': true };
    expect(x(open, { a: 1, b: 1 }, { a: 1, b: 1 })).toHaveLength(1);
    expect(x({ ...open, properties: { a: small, b: small } }, { a: 1, b: 1 }, { a: 1, b: 1 })).toEqual([]);
  });
});

describe('pruning and defaults', () => {
  const schema = toStructural({
    type: 'object',
    properties: {
      known: { type: 'object', properties: { a: { type: 'string', default: 'd' } } },
      open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { closed: { type: 'object' } } },
      list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', default: 1 } } } },
      map: { type: 'object', additionalProperties: { type: 'object', properties: { v: { type: 'string' } } } },
      pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
      maybe: { type: 'string', nullable: true, default: 'd' },
      never: { type: 'string' },
    },
  });

  it('removes what the schema does not specify and says where it was', () => {
    const value = {
      apiVersion: 'v1',
      metadata: { any: 1 },
      extra: 1,
      known: { a: 'x', b: 1 },
      open: { any: { thing: 1 }, closed: { gone: 1 } },
      list: [{ n: 1, m: 2 }],
      map: { k: { v: 'x', w: 1 } },
      pod: { kind: 'Pod', metadata: { labels: {} }, spec: {}, status: {} },
    };
    expect(pruneFields(value, schema)).toEqual(['extra', 'known.b', 'list[0].m', 'map.k.w', 'open.closed.gone', 'pod.status']);
    expect(value).toEqual({
      apiVersion: 'v1',
      metadata: { any: 1 },
      known: { a: 'x' },
      open: { any: { thing: 1 }, closed: {} },
      list: [{ n: 1 }],
      map: { k: { v: 'x' } },
      pod: { kind: 'Pod', metadata: { labels: {} }, spec: {} },
    });
  });

  it('sets defaults in objects that are there, and treats a forbidden null as absent', () => {
    const value: Record<string, unknown> = { known: { a: null }, list: [{}], maybe: null, never: null };
    setDefaults(value, schema);
    expect(value).toEqual({ known: { a: 'd' }, list: [{ n: 1 }], maybe: null, never: null });
    dropNulls(value, schema);
    expect(value).toEqual({ known: { a: 'd' }, list: [{ n: 1 }], maybe: null });
  });

  it('is not confused by names that every JavaScript object has', () => {
    const value = JSON.parse('{"known": {"toString": 1, "__proto__": {"a": 1}, "constructor": {}}}') as object;
    expect(pruneFields(value, schema)).toEqual(['known.__proto__', 'known.constructor', 'known.toString']);
    expect(found({ type: 'object', required: ['toString'] }, {})).toEqual(['toString: Required value']);
  });
});

test('sets hold a value once, lists of type map a key once', () => {
  const items: JSONSchemaProps = { type: 'object', properties: { k: { type: 'string' }, l: { type: 'integer' } } };
  const list = (type: string, keys?: string[]) =>
    toStructural({
      type: 'object',
      properties: { x: { type: 'array', items, 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys } },
    });
  const text = (value: unknown, schema: ReturnType<typeof list>) =>
    listFindings({ x: value }, schema).map(({ path, message }) => `${path}: ${message}`);
  expect(text(['a', 'b', 'a', 'a'], list('set'))).toEqual(['x[2]: Duplicate value: "a"']);
  expect(text([{ k: 'a' }, { k: 'b' }, { k: 'a' }], list('map', ['k']))).toEqual(['x[2]: Duplicate value: {"k":"a"}']);
  expect(
    text(
      [
        { k: 'a', l: 1 },
        { k: 'a', l: 2 },
      ],
      list('map', ['k', 'l']),
    ),
  ).toEqual([]);
});

test.each<[string, unknown]>([
  ['.spec.replicas', 3],
  [".metadata.annotations['a\\.b/c']", 'x'],
  ['.metadata.annotations.a\\.b/c', 'x'],
  ['.list[0].n', 1],
  ['.list[-1].n', 2],
  ['.list[*].n', 1],
  ['.status.conditions[?(@.type=="Ready")].status', 'True'],
  ['.status.conditions[?(@.type=="Absent")].status', undefined],
  ['.list[?(@.n>1)].n', 2],
  ['..n', 1],
  ['.nothing.at.all', undefined],
])('the path %s reads %j', (path, value) => {
  const object = {
    spec: { replicas: 3 },
    metadata: { annotations: { 'a.b/c': 'x' } },
    list: [{ n: 1 }, { n: 2 }],
    status: {
      conditions: [
        { type: 'Other', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  };
  expect(compileJsonPath(path)(object)[0]).toEqual(value);
});

test.each<[string, readonly unknown[]]>([
  ['.list[*].n', [1, 2, 'x']],
  ['.list[0:2].n', [1, 2]],
  ['.list[-1].n', ['x']],
  ['.list[3]', []],
  ['.list[0:9].n', []],
  ['.list[-9:]', []],
  ['.list[1:0]', []],
  ['.map[*]', []],
  ['.map.*', [1, 2]],
  ['.null[0]', []],
  [".map['a']", [1]],
  [".deep['a.b']", []],
  [".deep['a\\.b']", [3]],
  [".nested['a.b']", [4]],
  ['.list[?(@.n>1)].n', []],
  ['.list[?(@.m==1)].m', [1]],
  ['.list[?(@.m==1.0)].m', []],
  ['.list[?(@.m=="1")].m', []],
  ['.map[?(@.n==1)]', []],
])('the path %s reads no more than upstream does: %j', (path, values) => {
  const object = {
    list: [{ n: 1, m: 1 }, { n: 2 }, { n: 'x' }],
    map: { a: 1, b: 2 },
    null: null,
    deep: { 'a.b': 3 },
    nested: { a: { b: 4 } },
  };
  expect(compileJsonPath(path)(object)).toEqual(values);
});

const anySchema: fc.Arbitrary<JSONSchemaProps> = fc.letrec<{ schema: JSONSchemaProps }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<JSONSchemaProps>(
      { type: 'string', minLength: 2 },
      { type: 'integer', maximum: 3, default: 1 },
      { type: 'boolean' },
      { 'x-kubernetes-int-or-string': true },
    ),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema')).map((properties): JSONSchemaProps => ({ type: 'object', properties })),
    tie('schema').map((items): JSONSchemaProps => ({ type: 'array', items, maxItems: 3 })),
    tie('schema').map((values): JSONSchemaProps => ({ type: 'object', additionalProperties: values })),
  ),
})).schema;

test('whatever comes: pruning and defaults settle, nothing throws, what stays the same is tolerated', () => {
  fc.assert(
    fc.property(anySchema, fc.jsonValue(), (schema, value) => {
      const root: JSONSchemaProps = { type: 'object', properties: { a: schema } };
      const structural = toStructural(root);
      const object = JSON.parse(JSON.stringify({ a: value })) as Record<string, unknown>;
      pruneFields(object, structural);
      setDefaults(object, structural);
      const settled = JSON.stringify(object);
      expect(pruneFields(object, structural)).toEqual([]);
      setDefaults(object, structural);
      expect(JSON.stringify(object)).toBe(settled);
      compileSchema(root).validate(object);
      expect(compileSchema(root).validate(object, { old: JSON.parse(settled) })).toEqual([]);
    }),
  );
});
