import { describe, expect, it, test } from 'vitest';
import { validateCompiledRules } from '../apiextensions/rule-compilation.ts';
import { toStructural } from '../crd-schema/index.ts';
import type { JSONSchemaProps, ValidationRule } from '../schema/generated/types.ts';
import { compileRules, escapeName, runRules } from './index.ts';

const INT: JSONSchemaProps = { type: 'integer' };
const object = (properties: Record<string, JSONSchemaProps>, ...rules: ValidationRule[]): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...(rules.length > 0 && { 'x-kubernetes-validations': rules }),
});

function found(schema: JSONSchemaProps, value: unknown, old?: unknown): string[] {
  const node = compileRules(toStructural(schema));
  if (!node) throw new Error('no rules');
  return runRules(node, value, old).map(({ path, message }) => `${path}: ${message}`);
}

const spec = (rule: ValidationRule, properties: Record<string, JSONSchemaProps> = { min: INT, replicas: INT }) =>
  object({ spec: object(properties, rule) });

describe('rules of custom resources', () => {
  const bounded = spec({ rule: 'self.min <= self.replicas', message: 'replicas should be at least min' });

  it('hold for what they allow, and name the place of what they do not', () => {
    expect(found(bounded, { spec: { min: 1, replicas: 2 } })).toEqual([]);
    expect(found(bounded, { spec: { min: 3, replicas: 2 } })).toEqual(['spec: Invalid value: replicas should be at least min']);
  });

  it.each<[string, ValidationRule, string]>([
    ['the rule itself', { rule: 'self.min <= self.replicas' }, 'spec: Invalid value: failed rule: self.min <= self.replicas'],
    [
      'a message expression',
      { rule: 'self.min <= self.replicas', messageExpression: '"at least " + string(self.min)' },
      'spec: Invalid value: at least 3',
    ],
    ['a reason', { rule: 'self.min <= self.replicas', message: 'no', reason: 'FieldValueForbidden' }, 'spec: Forbidden: no'],
    ['a field', { rule: 'self.min <= self.replicas', message: 'no', fieldPath: '.replicas' }, 'spec.replicas: Invalid value: no'],
    [
      'a missing key',
      { rule: 'self.min < self.other' },
      'spec: Invalid value: "object": no such key: other evaluating rule: self.min < self.other',
    ],
  ])('tell %s', (_, rule, message) => {
    expect(found(spec(rule, { min: INT, replicas: INT, other: INT }), { spec: { min: 3, replicas: 2 } })).toEqual([message]);
  });

  it('see type and name of the object at its root', () => {
    const schema = object({}, { rule: "self.metadata.name.startsWith('a') && self.kind == 'T'" });
    expect(found(schema, { kind: 'T', apiVersion: 'v1', metadata: { name: 'a1' } })).toEqual([]);
    expect(found(schema, { kind: 'T', apiVersion: 'v1', metadata: { name: 'b' } })).toHaveLength(1);
  });

  it('read a field with a reserved name with and without escaping', () => {
    const rule = (text: string) => object({ namespace: { type: 'string' } }, { rule: text });
    for (const name of ['namespace', '__namespace__']) {
      const schema = rule(`!has(self.${name}) || size(self.${name}) == 0`);
      expect(validateCompiledRules(schema, 'schema')).toEqual([]);
      expect(found(schema, {})).toEqual([]);
      expect(found(schema, { namespace: '' })).toEqual([]);
      expect(found(schema, { namespace: 'a' })).toHaveLength(1);
    }
    expect(validateCompiledRules(rule('self.package == 1'), 'schema')[0]?.message).toContain("undefined field 'package'");
  });

  it('compare with the value before, where there is one', () => {
    const frozen: JSONSchemaProps = { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] };
    const schema = object({ name: frozen });
    expect(found(schema, { name: 'a' })).toEqual([]);
    expect(found(schema, { name: 'a' }, { name: 'a' })).toEqual([]);
    expect(found(schema, { name: 'b' }, { name: 'a' })).toEqual(['name: Invalid value: "b": is immutable']);
  });

  it('may be told that there was nothing before', () => {
    const rule = { rule: 'oldSelf.hasValue() || self == 1', optionalOldSelf: true, message: 'begins at 1' };
    const schema = object({ n: { ...INT, 'x-kubernetes-validations': [rule] } });
    expect(found(schema, { n: 1 })).toEqual([]);
    expect(found(schema, { n: 2 })).toEqual(['n: Invalid value: 2: begins at 1']);
    expect(found(schema, { n: 2 }, { n: 1 })).toEqual([]);
  });

  it('find the items of lists of type map by their keys', () => {
    const item = object({ name: { type: 'string' }, port: { ...INT, 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] } });
    const schema = object({
      list: { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    });
    const old = {
      list: [
        { name: 'a', port: 5 },
        { name: 'b', port: 9 },
      ],
    };
    expect(
      found(
        schema,
        {
          list: [
            { name: 'b', port: 9 },
            { name: 'a', port: 5 },
          ],
        },
        old,
      ),
    ).toEqual([]);
    expect(found(schema, { list: [{ name: 'b', port: 8 }] }, old)).toEqual([
      'list[0].port: Invalid value: 8: failed rule: self >= oldSelf',
    ]);
  });

  it('tolerate what did not change, unless they look at the change', () => {
    expect(found(bounded, { spec: { min: 3, replicas: 2 } }, { spec: { min: 3, replicas: 2 } })).toEqual([]);
    expect(found(bounded, { spec: { min: 4, replicas: 2 } }, { spec: { min: 3, replicas: 2 } })).toHaveLength(1);
  });

  it('say what their message says, without blanks around it', () => {
    const rule = { rule: 'false', messageExpression: "'  no  '" };
    expect(found(spec(rule), { spec: {} })).toEqual(['spec: Invalid value: no']);
    expect(
      found(
        spec({
          ...rule,
          messageExpression:
            "'a'.replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa')",
        }),
        { spec: {} },
      ),
    ).toEqual(['spec: Invalid value: failed rule: false']);
  });

  it('repeat no object that another has already', () => {
    const rule: ValidationRule = { rule: 'false', reason: 'FieldValueDuplicate', fieldPath: '.min' };
    expect(found(spec(rule), { spec: { min: 1 } })).toEqual(['spec.min: Duplicate value']);
  });

  it('say as warnings what they tolerate', () => {
    const node = compileRules(toStructural(bounded));
    const warnings: string[] = [];
    const value = { spec: { min: 3, replicas: 2 } };
    expect(node && runRules(node, value, structuredClone(value), (text) => warnings.push(text))).toEqual([]);
    expect(warnings).toEqual(node && runRules(node, value).map(({ path, message }) => `${path}: ${message}`));
    expect(warnings).toHaveLength(1);
  });

  it('tolerate nothing where something is that the schema does not describe', () => {
    const never = [{ rule: 'false' }];
    const list: JSONSchemaProps = { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const spec: JSONSchemaProps = {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { list },
      'x-kubernetes-validations': never,
    };
    const schema = object({ spec });
    const same = (value: object) => found(schema, { spec: value }, { spec: structuredClone(value) });
    expect(same({ list: [{ any: 1 }] })).toEqual([]);
    expect(same({ more: 1 })).toEqual(['spec: Invalid value: failed rule: false']);
  });

  it('reach every value of maps, and read text of a format as what it is', () => {
    const value: JSONSchemaProps = { type: 'string', format: 'duration', 'x-kubernetes-validations': [{ rule: "self > duration('1s')" }] };
    const schema = object({ map: { type: 'object', additionalProperties: value } });
    expect(found(schema, { map: { a: '2s', b: '500ms' } })).toEqual([
      'map[b]: Invalid value: "500ms": failed rule: self > duration(\'1s\')',
    ]);
  });
});

test.each([
  ['foo-bar', 'foo__dash__bar'],
  ['a.b/c', 'a__dot__b__slash__c'],
  ['in', '__in__'],
  ['x__y', 'x__underscores__y'],
  ['1st', undefined],
])('expressions write %s as %s', (name, escaped) => {
  expect(escapeName(name)).toBe(escaped);
});

describe('rules of a definition', () => {
  const findings = (schema: JSONSchemaProps) => validateCompiledRules(schema, 'schema').map(({ path, message }) => `${path}: ${message}`);

  it('compile', () => {
    expect(findings(spec({ rule: 'self.min < 3' }))).toEqual([]);
    const [finding] = findings(spec({ rule: 'self.nothing < 3' }));
    expect(finding).toContain('schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value');
    expect(finding).toContain("compilation failed: ERROR: <input>:1:5: undefined field 'nothing'");
    expect(findings(spec({ rule: 'self.min' }))[0]).toContain('cel expression must evaluate to a bool');
  });

  it('are told without their messages when they do not compile', () => {
    const paths = (rule: string) => findings(spec({ rule, messageExpression: 'nope' })).map((finding) => finding.split(': ')[0]);
    expect(paths('nope')).toEqual(['schema.properties[spec].x-kubernetes-validations[0].rule']);
    expect(paths('true')).toEqual(['schema.properties[spec].x-kubernetes-validations[0].messageExpression']);
  });

  it('cannot cost without bound', () => {
    const list: JSONSchemaProps = { type: 'array', items: { type: 'array', items: { type: 'string' } } };
    const rule = { rule: 'self.list.all(a, self.list.all(b, a.all(c, b.all(d, c == d))))' };
    expect(findings(spec(rule, { list })).join()).toContain('estimated rule cost exceeds budget by factor of more than 100x');
  });

  it('cost their messages once, however often they run', () => {
    const item: JSONSchemaProps = {
      type: 'string',
      maxLength: 100,
      'x-kubernetes-validations': [{ rule: 'true', messageExpression: "self + '!'" }],
    };
    expect(findings(object({ list: { type: 'array', items: item } }))).toEqual([]);
    const rules = [{ rule: "self + '!' != ''" }];
    expect(findings(object({ list: { type: 'array', items: { ...item, 'x-kubernetes-validations': rules } } })).join()).toContain(
      'exceeds budget',
    );
  });

  it('may compare what may be missing with null', () => {
    expect(
      findings(spec({ rule: 'format.dns1123Label().validate(self.text) == null' }, { text: { type: 'string', maxLength: 63 } })),
    ).toEqual([]);
  });

  it('compare fields of objects that are owned as one', () => {
    const ref = object({ name: { type: 'string', maxLength: 5, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } });
    const schema = object({ ref: { ...ref, 'x-kubernetes-map-type': 'atomic' } });
    expect(findings(schema)).toEqual([]);
  });

  it('compare only what can be compared', () => {
    const item: JSONSchemaProps = { type: 'string', maxLength: 5, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
    const schema = object({ list: { type: 'array', maxItems: 3, items: item } });
    expect(findings(schema)).toEqual([
      'schema.properties[list].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[list]',
    ]);
  });
});
