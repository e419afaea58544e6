import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cronTabs } from '../crd/fake-crds.ts';
import { type FakeServer, serveCustomResources } from './fake-server.ts';

/** What upstream's conformance tests of FieldValidation do, step by step. */

const text = { type: 'string' };
const port = {
  type: 'object',
  required: ['containerPort', 'protocol'],
  properties: { containerPort: { type: 'integer' }, protocol: text, name: text },
};
const ports = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['containerPort', 'protocol'], items: port };
const PATTERN = '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$';
const fields = { foo: text, cronSpec: { ...text, pattern: PATTERN }, ports };
const embedded = {
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  properties: { metadata: { type: 'object', properties: { name: text } }, spec: { type: 'object' } },
};
const schemaOf = (spec: object) => ({ type: 'object', properties: { spec: { type: 'object', ...spec } } });
const SCHEMAS: Readonly<Record<string, object>> = {
  checked: schemaOf({ properties: fields }),
  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  lenient: schemaOf({ 'x-kubernetes-preserve-unknown-fields': true, properties: { ...fields, template: embedded } }),
};

let server: FakeServer;
beforeAll(async () => {
  server = await serveCustomResources();
  for (const [plural, openAPIV3Schema] of Object.entries(SCHEMAS)) {
    const crd = structuredClone(cronTabs()) as { metadata: object; spec: { names: object; scope: string; versions: object[] } };
    crd.metadata = { name: `${plural}.stable.example.com` };
    crd.spec.scope = 'Cluster';
    crd.spec.names = { plural, singular: plural, kind: kindOf(plural), listKind: `${kindOf(plural)}List` };
    crd.spec.versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }];
    const body = JSON.stringify(crd);
    const made = await server.call('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { method: 'POST', body });
    expect(made.code).toBe(201);
    while ((await server.call(`/apis/stable.example.com/v1/${plural}`)).code !== 200);
  }
});
afterAll(async () => {
  await server.stop();
});

const kindOf = (plural: string) => `${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
const STRICT = 'fieldManager=me&fieldValidation=Strict';

const applied = async (plural: string, yaml: string) => {
  const body = `apiVersion: stable.example.com/v1\nkind: ${kindOf(plural)}\n${yaml}`;
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const { code, json } = await server.call(`/apis/stable.example.com/v1/${plural}/mytest?${STRICT}`, { method: 'PATCH', headers, body });
  return code < 300 ? code : json().message;
};
const created = async (body: string) =>
  (await server.call(`/apis/apps/v1/namespaces/default/deployments?${STRICT}`, { method: 'POST', body })).json().message;

const metadata = 'metadata:\n  name: mytest\n';
const spec = 'spec:\n  foo: foo1\n  cronSpec: "* * * * */5"\n  ports:\n  - name: x\n    containerPort: 80\n    protocol: TCP\n';

describe('strict field validation', () => {
  const template = '{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}';
  const rest = `"selector":{"matchLabels":{"app":"nginx"}},"template":${template}`;

  it('detects unknown and repeated fields of a Deployment', async () => {
    const body = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"unknownField":"foo","replicas":2,"replicas":3,${rest}}}`;
    expect(await created(body)).toContain('strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"');
  });

  it('detects unknown fields of its metadata', async () => {
    const body = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","unknownMeta":"foo"},"spec":{${rest}}}`;
    expect(await created(body)).toContain('strict decoding error: unknown field "metadata.unknownMeta"');
  });

  it('takes a custom resource that its schema knows', async () => {
    expect(await applied('checked', metadata + spec)).toBe(201);
  });

  it('takes any fields where there is no schema', async () => {
    expect(await applied('free', `${metadata}spec:\n  unknown: uk1\n  cronSpec: "x"\n`)).toBe(201);
  });

  it('refuses what the schema of a custom resource does not declare', async () => {
    expect(await applied('checked', `${metadata}unknownField: unknown\n${spec}`)).toContain('.unknownField: field not declared in schema');
  });

  it('refuses unknown metadata of a custom resource, and of the object in it', async () => {
    const inner =
      '  template:\n    apiVersion: foo/v1\n    kind: Sub\n    metadata:\n      unknownSubMeta: unknown\n      name: subobject\n';
    expect(await applied('lenient', `metadata:\n  name: mytest\n  unknownMeta: unknown\n${spec}`)).toContain(
      '.metadata.unknownMeta: field not declared in schema',
    );
    expect(await applied('lenient', `${metadata}${spec}${inner}`)).toContain(
      '.spec.template.metadata.unknownSubMeta: field not declared in schema',
    );
  });

  it('refuses repeated fields even where unknown ones are kept', async () => {
    expect(await applied('lenient', `${metadata}spec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2\n`)).toContain(
      'key "foo" already set in map',
    );
  });
});
