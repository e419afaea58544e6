import { describe, expect, it } from 'vitest';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  JSONSchemaProps,
} from '../schema/generated/types.ts';
import { decodeCrd } from './crd-decode.ts';
import { customResourceDefinitionHooks } from './crd-hooks.ts';
import { validateCrd, validateCrdUpdate } from './crd-validation.ts';
import { definitionsOf } from './custom-resource.ts';

function crd(schema: JSONSchemaProps = { type: 'object' }, spec: Partial<CustomResourceDefinitionSpec> = {}): CustomResourceDefinition {
  const made: CustomResourceDefinition = {
    metadata: { name: 'tabs.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'tabs', kind: 'Tab' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      ...spec,
    },
    status: { storedVersions: ['v1'] },
  };
  customResourceDefinitionHooks.defaults?.(made);
  return made;
}
const versionWith = (more: Partial<CustomResourceDefinitionVersion>): CustomResourceDefinitionVersion => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object' } },
  ...more,
});
const AT = 'spec.validation.openAPIV3Schema';
const found = (made: CustomResourceDefinition, old?: CustomResourceDefinition) =>
  (old ? validateCrdUpdate(made, old) : validateCrd(made)).map(({ path, message }) => `${path}: ${message}`.replace(AT, '@'));
const x = (property: JSONSchemaProps) => crd({ type: 'object', properties: { x: property } });

it('gets names and a conversion', () => {
  const made = crd();
  expect(made.spec.names).toMatchObject({ singular: 'tab', listKind: 'TabList' });
  expect(made.spec.conversion).toEqual({ strategy: 'None' });
  expect(found(made)).toEqual([]);
});

it('keeps its storage version among those that objects were stored in', () => {
  const made = crd();
  made.status = { storedVersions: [] };
  customResourceDefinitionHooks.defaults?.(made);
  expect(made.status.storedVersions).toEqual(['v1']);
});

it('warns of formats that nobody checks, once they are there', () => {
  const old = x({ type: 'string', format: 'colour' });
  const made = x({ type: 'array', items: { type: 'integer', format: 'big' } });
  expect(customResourceDefinitionHooks.warnings?.(old, undefined)).toEqual(['unrecognized format "colour"']);
  expect(customResourceDefinitionHooks.warnings?.(made, old)).toEqual(['unrecognized format "big"']);
  expect(customResourceDefinitionHooks.warnings?.(old, old)).toEqual([]);
});

describe('a definition is refused for', () => {
  it.each<[string, CustomResourceDefinition, string]>([
    ['no names', { ...crd(), spec: { versions: [] } as never }, 'spec.names.plural: Required value'],
    [
      'no column type',
      crd(undefined, { versions: [versionWith({ additionalPrinterColumns: [{ name: 'A', jsonPath: '.a' } as never] })] }),
      'spec.additionalPrinterColumns[0].type: Required value: must be one of boolean,date,integer,number,string',
    ],
    [
      'a version of another form, which stands beside the versions as well',
      crd(undefined, { versions: [{ ...versionWith({}), name: 'V' }] }),
      'spec.version: Invalid value: "V": a DNS-1035 label',
    ],
    [
      'no storage version, as upstream keeps them',
      crd(undefined, { versions: [{ ...versionWith({}), storage: false }] }),
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,',
    ],
    [
      'a webhook whose service has no name',
      crd(undefined, {
        conversion: {
          strategy: 'Webhook',
          webhook: { conversionReviewVersions: ['v1'], clientConfig: { service: { namespace: 'a' } as never } },
        },
      }),
      'spec.conversion.webhookClientConfig.service.namespace: Required value',
    ],
    [
      'a default that breaks a rule',
      x({ type: 'object', default: {}, 'x-kubernetes-validations': [{ rule: 'false', message: 'never' }] }),
      '@.properties[x].default: Invalid value: never',
    ],
    [
      'a default that is wrong within',
      x({ type: 'object', properties: { y: { type: 'string' } }, default: { y: 1 } }),
      '@.properties[x].default.y: Invalid value: "integer": y in body must be of type string: "integer"',
    ],
    [
      'a name of its own',
      { ...crd(), metadata: { name: 'x' } },
      'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
    ],
    [
      'a group without a dot',
      crd(undefined, { group: 'local' }),
      'spec.group: Invalid value: "local": should be a domain with at least one dot',
    ],
    ['a scope', crd(undefined, { scope: 'World' }), 'spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"'],
    [
      'no schema',
      crd(undefined, { versions: [{ name: 'v1', served: true, storage: true }] }),
      'spec.versions[0].schema.openAPIV3Schema: Required value',
    ],
    [
      'no storage version',
      crd(undefined, { versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } }] }),
      'must have exactly one version marked as storage version',
    ],
    [
      'preserving unknown fields everywhere',
      crd(undefined, { preserveUnknownFields: true }),
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
    [
      'a group of the community without approval',
      { ...crd(undefined, { group: 'x.k8s.io' }), metadata: { name: 'tabs.x.k8s.io' } },
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation',
    ],
    [
      'a webhook without a client',
      crd(undefined, { conversion: { strategy: 'Webhook' } }),
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
    ],
    ['a property without a type', x({}), '@.properties[x].type: Required value: must not be empty for specified object fields'],
    ['a list without items', x({ type: 'array' }), '@.properties[x].items: Required value: must be specified'],
    [
      'a type in a junctor',
      x({ type: 'string', anyOf: [{ type: 'string' }] }),
      '@.properties[x].anyOf[0].type: Forbidden: must be empty to be structural',
    ],
    [
      'a junctor on what is not described',
      crd({ type: 'object', allOf: [{ properties: { y: { minLength: 1 } } }] }),
      '@.properties[y]: Required value: because it is defined in',
    ],
    [
      'unique items',
      x({ type: 'array', items: { type: 'string' }, uniqueItems: true }),
      '@.properties[x].uniqueItems: Forbidden: uniqueItems cannot be set to true',
    ],
    ['a reference', x({ type: 'object', $ref: '#/x' }), '@.properties[x].$ref: Forbidden: $ref is not supported'],
    ['an unknown type', x({ type: 'text' }), '@.properties[x].type: Unsupported value: "text"'],
    [
      'properties beside additionalProperties',
      x({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } }),
      '@.properties[x].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
    ],
    ['a default that does not fit', x({ type: 'integer', default: 'a' }), '@.properties[x].default: Invalid value: "string"'],
    [
      'a default with unknown fields',
      x({ type: 'object', default: { y: 1 } }),
      '@.properties[x].default: Invalid value: {"y":1}: must not have unknown fields',
    ],
    [
      'a pattern that is none',
      x({ type: 'string', pattern: '(' }),
      '@.properties[x].pattern: Invalid value: "(": must be a valid regular expression',
    ],
    [
      'keys of no list',
      x({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' }),
      '@.properties[x].x-kubernetes-list-map-keys: Required value',
    ],
    [
      'a set of open objects',
      x({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' }),
      'must be atomic as item of a list with x-kubernetes-list-type=set',
    ],
    [
      'metadata',
      crd({ type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } }),
      '@.properties[metadata]: Forbidden: must not specify anything other than name and generateName',
    ],
    ['a root that is no object', crd({ type: 'string' }), '@.type: Invalid value: "string": must be object at the root'],
  ])('%s', (_, made, finding) => {
    expect(found(made).join('\n')).toContain(finding);
  });
});

it('takes int-or-string in upstream’s two spellings', () => {
  const either: JSONSchemaProps[] = [{ type: 'integer' }, { type: 'string' }];
  expect(found(x({ 'x-kubernetes-int-or-string': true, anyOf: either }))).toEqual([]);
  expect(found(x({ 'x-kubernetes-int-or-string': true, allOf: [{ anyOf: either }, { pattern: '^a' }] }))).toEqual([]);
});

const version = (name: string, more: Partial<CustomResourceDefinitionVersion> = {}): CustomResourceDefinitionVersion => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object' } },
  ...more,
});
const schemaOf = (properties: Record<string, JSONSchemaProps>) => ({ schema: { openAPIV3Schema: { type: 'object', properties } } });
const path = (scale: string) => ({ subresources: { scale: { specReplicasPath: scale, statusReplicasPath: '.status.a' } } });

describe('a fault is told where upstream keeps the field', () => {
  it.each<[string, CustomResourceDefinitionVersion[], string[]]>([
    ['a schema of all', [version('v1', schemaOf({ x: {} })), version('v2', schemaOf({ x: {} }))], ['@.properties[x].type']],
    [
      'a schema of its own',
      [version('v1'), version('v2', schemaOf({ x: {} }))],
      ['spec.versions[1].schema.openAPIV3Schema.properties[x].type'],
    ],
    ['subresources of all', [version('v1', path('')), version('v2', path(''))], ['spec.subresources.scale.specReplicasPath']],
    ['subresources of its own', [version('v1'), version('v2', path('a'))], ['spec.versions[1].subresources.scale.specReplicasPath']],
    [
      'columns of all',
      [version('v1', { additionalPrinterColumns: [{ name: 'A', type: 'odd', jsonPath: '.a' }] })],
      ['spec.additionalPrinterColumns[0].type'],
    ],
    [
      'columns of its own',
      [version('v1'), version('v2', { additionalPrinterColumns: [{ name: 'A', type: 'odd', jsonPath: '.a' }] })],
      ['spec.versions[1].additionalPrinterColumns[0].type'],
    ],
    [
      'selectable fields of all',
      [version('v1', { selectableFields: [{ jsonPath: '.metadata.x' }] })],
      ['spec.selectableFields[0].jsonPath'],
    ],
    [
      'selectable fields of all without a schema of all',
      [
        version('v1', { ...schemaOf({ x: { type: 'string' } }), selectableFields: [{ jsonPath: '.x' }] }),
        version('v2', { ...schemaOf({ x: { type: 'integer' } }), selectableFields: [{ jsonPath: '.x' }] }),
      ],
      ['spec.selectableFields'],
    ],
    [
      'selectable fields of its own without a schema of its own',
      [
        version('v1', schemaOf({ x: { type: 'string' } })),
        version('v2', { ...schemaOf({ x: { type: 'string' } }), selectableFields: [{ jsonPath: '.x' }] }),
      ],
      ['spec.versions[1].selectableFields'],
    ],
  ])('%s', (_, versions, paths) => {
    expect(found(crd(undefined, { versions })).map((line) => line.split(': ')[0])).toEqual(paths);
  });

  it.each<[string, Partial<CustomResourceDefinitionSpec>, string]>([
    ['no group', { group: '' }, 'spec.group: Required value'],
    ['no scope', { scope: '' }, 'spec.scope: Required value'],
    ['no kind', { names: { plural: 'tabs', kind: '' } }, 'spec.names.kind: Required value'],
    ['no path of replicas', { versions: [version('v1', path(''))] }, 'spec.subresources.scale.specReplicasPath: Required value'],
  ])('%s', (_, spec, finding) => expect(found(crd(undefined, spec))).toContain(finding));
});

it('keeps its kind and scope once it is established, and versions that objects are stored in', () => {
  const old = crd();
  old.status = { ...old.status, conditions: [{ type: 'Established', status: 'True' }] };
  const changed = crd(undefined, { scope: 'Cluster' });
  expect(found(changed, old)).toEqual(['spec.scope: Invalid value: "Cluster": field is immutable']);
  const gone = crd();
  gone.status = { storedVersions: ['v0', 'v1'] };
  expect(found(gone, old).join()).toContain('status.storedVersions[0]: Invalid value: "v0": missing from spec.versions');
});

it('is decoded at every depth', () => {
  const made = x({
    type: 'array',
    items: { type: 'object', nonsense: 1, additionalProperties: { type: 'string', more: 2 } } as JSONSchemaProps,
  });
  const [first] = made.spec.versions;
  if (first) first.subresources = { status: { odd: 1 } };
  expect(decodeCrd(made)).toEqual(['unknown field "spec.versions[0].subresources.status.odd"']);
  expect(first?.schema?.openAPIV3Schema?.properties).toEqual({
    x: { type: 'array', items: { type: 'object', additionalProperties: { type: 'string' } } },
  });
  expect(first?.subresources).toEqual({ status: {} });
  expect(() => decodeCrd(x({ type: 'array', items: { type: 5 } }))).toThrow(/cannot unmarshal number into Go struct field/);
});

it('recommends the best version that is served in place of a deprecated one', () => {
  const versions = ['v1alpha1', 'v1beta1', 'v1', 'v2'].map((name) => ({
    ...versionWith({ served: name !== 'v2', storage: name === 'v1', deprecated: name.startsWith('v1alpha') }),
    name,
  }));
  const made = crd(undefined, { versions });
  made.status = { ...made.status, conditions: [{ type: 'Established', status: 'True' }] };
  expect(definitionsOf(made).map(({ deprecation }) => deprecation)).toEqual([
    'example.com/v1alpha1 Tab is deprecated; use example.com/v1 Tab',
    undefined,
    undefined,
  ]);
});

it('serves its kind whatever its paths are', () => {
  const made = crd();
  const [version] = made.spec.versions;
  if (!version) throw new Error('no version');
  version.subresources = { scale: { specReplicasPath: '.spec.[', statusReplicasPath: '.status.replicas' } };
  version.additionalPrinterColumns = [{ name: 'Odd', type: 'string', jsonPath: '.spec[' }];
  made.status = { ...made.status, conditions: [{ type: 'Established', status: 'True' }] };
  const [kind] = definitionsOf(made);
  const object = { metadata: { name: 'a' }, status: { replicas: -1 } };
  expect(kind?.columns.map((each) => each.value(object, 0))).toEqual(['a']);
  const context = { now: '', user: { name: '', groups: [] }, subresource: '' };
  expect(kind?.hooks.validateCreate?.(object, context)).toEqual([expect.objectContaining({ path: '.status.replicas' })]);
});
