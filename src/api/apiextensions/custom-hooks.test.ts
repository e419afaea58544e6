import { describe, expect, it } from 'vitest';
import { toStructural } from '../crd-schema/index.ts';
import type { KubeObject } from '../meta/object.ts';
import type { JSONSchemaProps } from '../schema/generated/types.ts';
import { customHooks } from './custom-hooks.ts';

const SCALE = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
const schema: JSONSchemaProps = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: { type: 'object', required: ['class'], properties: { class: { type: 'string' }, replicas: { type: 'integer' } } },
    status: {
      type: 'object',
      minProperties: 1,
      properties: {
        addresses: {
          type: 'array',
          items: {
            type: 'object',
            required: ['value'],
            properties: { value: { type: 'string' } },
            oneOf: [{ properties: { value: { format: 'ipv4' } } }, { properties: { value: { pattern: '^[a-z.]+$' } } }],
          },
        },
        replicas: { type: 'integer' },
        kind: { type: 'string', enum: ['Big'] },
      },
      'x-kubernetes-validations': [{ rule: "!has(self.kind) || !has(oldSelf.kind) || self.kind == oldSelf.kind || self.kind == 'Big'" }],
    },
  },
};
const object = (more: object): KubeObject & { status?: unknown } => ({ apiVersion: 'x.example.com/v1', kind: 'X', ...more });

describe('a status that is written alone', () => {
  const hooks = customHooks(toStructural(schema), SCALE);
  const written = (status: unknown, { old, ...rest }: { old?: unknown; spec?: unknown } = {}) =>
    hooks.validateStatus?.(object({ ...rest, status }), object({ ...rest, status: old })).map(({ path, message }) => `${path}: ${message}`);

  it('is looked at without the rest, which the writer cannot change', () => {
    expect(written({ replicas: 1 })).toEqual([]);
    expect(written({ replicas: 1 }, { spec: { class: 7, replicas: -1 } })).toEqual([]);
    expect(hooks.validateUpdate?.(object({ status: { replicas: 1 } }), object({}), {} as never).map(({ path }) => path)).toEqual([
      'spec',
      '<nil>',
    ]);
  });

  it('is named as upstream does: paths from the object, words from the status', () => {
    expect(written({ addresses: [{}] })).toContain('status.addresses[0].value: Required value');
    expect(written({ addresses: [{ value: '1.2.3.4:80' }] })).toEqual([
      'status: Invalid value: "": "addresses[0]" must validate one and only one schema (oneOf). Found none valid',
      'status.addresses[0].value: Invalid value: "1.2.3.4:80": addresses[0].value in body must be of type ipv4: "1.2.3.4:80"',
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ]);
    expect(written({})?.[0]).toMatch(/^status: Invalid value: /);
    expect(written({ replicas: -1 })).toEqual(['.status.replicas: Invalid value: -1: should be a non-negative integer']);
  });

  it('may keep what was wrong before, a field that is called kind as well', () => {
    expect(written({ kind: 'Small', replicas: 2 }, { old: { kind: 'Small', replicas: 1 } })).toEqual([]);
    expect(written({ kind: 'Small' }, { old: { kind: 'Big' } })).toHaveLength(2);
  });
});

describe('what the scale subresource reads', () => {
  const hooks = customHooks(toStructural({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }), {
    ...SCALE,
    labelSelectorPath: '.status.selector',
  });
  it.each<[string, object, string[]]>([
    ['nothing at all', {}, []],
    ['too little', { spec: { replicas: -1 } }, ['.spec.replicas: Invalid value: -1: should be a non-negative integer']],
    [
      'too much',
      { status: { replicas: 3e9 } },
      ['.status.replicas: Invalid value: 3000000000: should be less than or equal to 2147483647'],
    ],
    [
      'no integer',
      { spec: { replicas: 'a' } },
      ['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: a is of the type string, expected int64'],
    ],
    [
      'a fraction',
      { spec: { replicas: 1e20 } },
      ['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: 1e+20 is of the type float64, expected int64'],
    ],
    [
      'no fields on the way',
      { spec: [1, null, { b: true, a: 'x' }] },
      [
        '.spec.replicas: Invalid value: 0: .spec.replicas accessor error: [1 <nil> map[a:x b:true]] is of the type []interface {}, expected map[string]interface{}',
      ],
    ],
    [
      'a selector that is no text',
      { status: { selector: {} } },
      [
        '.status.selector: Invalid value: "": .status.selector accessor error: map[] is of the type map[string]interface {}, expected string',
      ],
    ],
  ])('%s', (_, more, findings) => {
    const found = hooks.validateCreate?.(object(more), {} as never) ?? [];
    expect(found.map(({ path, message }) => `${path}: ${message}`)).toEqual(findings);
  });
});

describe('objects within objects', () => {
  const embedded: JSONSchemaProps = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    'x-kubernetes-preserve-unknown-fields': true,
  };
  const hooks = customHooks(
    toStructural({ type: 'object', properties: { one: embedded, map: { type: 'object', additionalProperties: embedded } } }),
    undefined,
  );

  it('are named by their keys where they are in a map', () => {
    const findings = hooks.validateCreate?.(object({ map: { a: {} } }), {} as never).map(({ path }) => path);
    expect(findings).toEqual(['map[a].apiVersion', 'map[a].kind']);
    const draft = object({ metadata: {}, map: { a: { apiVersion: 'v1', kind: 'Pod', metadata: { nothing: 1 } } } });
    expect(hooks.decode?.(draft)).toEqual(['unknown field "map[a].metadata.nothing"']);
  });

  it('have metadata that says nothing where it is null', () => {
    const draft = object({ metadata: {}, one: { apiVersion: 'v1', kind: 'Pod', metadata: null } });
    hooks.decode?.(draft);
    expect(draft).toMatchObject({ one: { metadata: {} } });
  });

  it.each<[string, object]>([
    ['one.apiVersion: Invalid value: 1: must be a string', { apiVersion: 1, kind: 'Pod' }],
    [
      'one.metadata: Invalid value: "x": json: cannot unmarshal string into Go value of type v1.ObjectMeta',
      { apiVersion: 'v1', kind: 'Pod', metadata: 'x' },
    ],
  ])('cannot be decoded: %s', (message, one) => {
    expect(() => hooks.decode?.(object({ metadata: {}, one }))).toThrow(`X in version "v1" cannot be handled as a X: ${message}`);
  });
});
