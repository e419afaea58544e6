import { describe, expect, it } from 'vitest';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps } from '../schema/generated/types.ts';
import { decodeCrd } from './crd-decode.ts';
import { validateCrd } from './crd-validation.ts';
import { schemaAtPath } from './field-path.ts';

function crd(schema: JSONSchemaProps, version: Partial<CustomResourceDefinitionVersion> = {}): CustomResourceDefinition {
  const names = { plural: 'tabs', singular: 'tab', kind: 'Tab', listKind: 'TabList' };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }];
  return {
    metadata: { name: 'tabs.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
    status: { storedVersions: ['v1'] },
  };
}
const AT = 'spec.validation.openAPIV3Schema';
const found = (made: CustomResourceDefinition) => validateCrd(made).map(({ path, message }) => `${path}: ${message}`.replace(AT, '@'));
const of = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}) => found(crd({ type: 'object', properties, ...more }));
const ruled = (rule: string, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: 'string',
  maxLength: 5,
  'x-kubernetes-validations': [{ rule }],
  ...more,
});

describe('what a schema is told together', () => {
  it('is the form of its rules with all else, but not how they compile, where its structure is wrong', () => {
    expect(of({ a: ruled(' '), b: ruled('nope'), c: {} })).toEqual([
      '@.properties[c].type: Required value: must not be empty for specified object fields',
      '@.properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified',
    ]);
  });

  it('is how rules compile, but for those around something else that is wrong', () => {
    const findings = of({ a: ruled('nope', { uniqueItems: true }), b: ruled('nope') }, ruled('nope', { type: 'object' })).map(
      (line) => line.split(': ')[0],
    );
    expect(findings).toEqual(['@.properties[a].uniqueItems', '@.properties[b].x-kubernetes-validations[0].rule']);
  });

  it('is nothing of its structure where it can have none', () => {
    expect(of({ a: { items: [{ type: 'string' }] }, b: {} })).toEqual([
      '@.properties[a].items: Forbidden: items must be a schema object and not an array',
    ]);
    expect(of({ a: { type: 'string', $schema: 'x' }, b: {} })).toEqual([`@: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`]);
  });

  it('is that rules cannot see values without a type', () => {
    expect(of({ a: { 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-validations': [{ rule: 'true' }] } })).toEqual([
      '@.properties[a].x-kubernetes-validations: Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations',
    ]);
  });

  it('is empty values that stand where none may', () => {
    expect(of({ a: { type: 'string', allOf: [{ default: '' }] } })).toEqual([
      '@.properties[a].allOf[0].default: Forbidden: must be undefined to be structural',
    ]);
  });

  it('is what a default of the whole object lacks', () => {
    expect(of({}, { default: {} })).toEqual(['@.default.apiVersion: Required value', '@.default.kind: Required value']);
    expect(of({}, { default: { apiVersion: 'v1', kind: 'A', metadata: {} } })).toEqual([]);
  });
});

describe('a path through a schema', () => {
  const map: JSONSchemaProps = { type: 'object', additionalProperties: { type: 'string' } };
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { a: { type: 'string' }, 'b.c': map } } },
  };
  it.each<[string, string]>([
    ['.spec.a', '.spec.a'],
    [".spec['a']", '.spec.a'],
    [".spec['b.c'].x", '.spec.b.c[x]'],
    [".spec['b.c']['x']", '.spec.b.c[x]'],
  ])('%s leads to %s', (text, path) => expect(schemaAtPath(text, schema)).toMatchObject({ path }));

  it.each<[string, string]>([
    ['spec.a', 'expected [ or . but got: spec'],
    ['.', 'unexpected end of JSON path'],
    ['.spec.', 'unexpected end of JSON path'],
    ['.spec.b', 'does not refer to a valid field'],
    ['.metadata.name', 'does not refer to a valid field'],
    ['.spec[0]', 'expected single quoted string but got 0'],
    [".spec['a", "expected single quoted string but got 'a"],
    [".spec['a'", 'unexpected end of JSON path'],
    [".spec['a'.", 'expected ] but got .'],
    [".spec['\\q']", 'invalid string literal: invalid escape char \\q'],
  ])('%s is none: %s', (text, error) => expect(schemaAtPath(text, schema)).toEqual({ error }));

  it('has no brackets where fields are selected', () => {
    expect(found(crd(schema, { selectableFields: [{ jsonPath: ".spec['a']" }] }))).toEqual([
      `spec.selectableFields[0].jsonPath: Invalid value: ".spec['a']": is an invalid path: array notation is not allowed`,
    ]);
  });
});

describe('a definition is refused for', () => {
  const plain = crd({ type: 'object' });
  const text = 'é'.repeat(129);
  it.each<[string, CustomResourceDefinition, string]>([
    [
      'a name that the server would make',
      { ...plain, metadata: { name: 'tabs.example.com', generateName: 'tab-' } },
      'metadata.generateName: Invalid value: "tab-": must be spec.names.plural+"."+spec.group',
    ],
    [
      'a warning of too many bytes',
      crd({ type: 'object' }, { deprecated: true, deprecationWarning: text }),
      `spec.versions[0].deprecationWarning: Invalid value: "${text}": must be <= 256 characters long`,
    ],
    [
      'a warning that cannot be printed',
      crd({ type: 'object' }, { deprecated: true, deprecationWarning: 'a\u00a0<' }),
      'spec.versions[0].deprecationWarning: Invalid value: "a\u00a0\\u003c": must only contain printable UTF-8 characters; non-printable character found at index 1',
    ],
    [
      'an approval that is no URL',
      {
        metadata: { name: 'tabs.a.k8s.io', annotations: { 'api-approved.kubernetes.io': 'https://x y' } },
        spec: { ...plain.spec, group: 'a.k8s.io' },
        status: { storedVersions: ['v1'] },
      },
      'metadata.annotations[api-approved.kubernetes.io]: Invalid value: "https://x y": protected groups must have',
    ],
    [
      'any storage version that objects were not stored in',
      {
        ...plain,
        spec: { ...plain.spec, versions: ['v1', 'v2'].map((name) => ({ ...plain.spec.versions[0], name, served: true, storage: true })) },
      },
      'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2',
    ],
  ])('%s', (_, made, finding) => expect(found(made).join('\n')).toContain(finding));
});

describe('decoding', () => {
  it('drops items that are no schema, and a webhook that says nothing', () => {
    const made = crd({ type: 'object', properties: { a: { type: 'string', items: true }, b: { type: 'string', items: [] } } });
    made.spec.conversion = { strategy: 'None', webhook: { conversionReviewVersions: [] } };
    decodeCrd(made);
    expect(made.spec.versions[0]?.schema?.openAPIV3Schema?.properties).toEqual({ a: { type: 'string' }, b: { type: 'string' } });
    expect(made.spec.conversion).toEqual({ strategy: 'None' });
  });

  it('tells where what does not fit is, without the names of properties', () => {
    const inner: JSONSchemaProps = { type: 'array', items: { type: 'object', properties: { a: { maxLength: 'x' as never } } } };
    const message = (schema: JSONSchemaProps) => {
      try {
        return decodeCrd({
          apiVersion: 'apiextensions.k8s.io/v1',
          kind: 'CustomResourceDefinition',
          ...crd({ properties: { p: schema } }),
        });
      } catch (error) {
        return (error as Error).message;
      }
    };
    const at = 'spec.versions.schema.openAPIV3Schema.properties';
    const told = (path: string) =>
      `CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: json: cannot unmarshal string into Go struct field JSONSchemaProps.${path}.maxLength of type int64`;
    expect(message({ maxLength: 'x' as never })).toBe(told(at));
    expect(message(inner)).toBe(told(`${at}.items.properties`));
  });

  it('wants an object where a status subresource is declared', () => {
    const made = crd({ type: 'object' }, { subresources: { status: 'x' as never } });
    expect(() => decodeCrd(made)).toThrow('json: cannot unmarshal string into Go struct field CustomResourceSubresources');
  });
});
