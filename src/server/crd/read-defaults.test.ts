import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeServer, serveCustomResources } from '../http/fake-server.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const at = (version: string, name = '') => `/apis/example.com/${version}/widgets${name}`;
const text = { type: 'string' };

/** Both versions know the same fields; each has defaults of its own. */
const version = (name: string, defaults: Record<string, string>) => ({
  name,
  served: true,
  storage: name === 'v1',
  subresources: { status: {} },
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: Object.fromEntries(
            ['a', 'b', 'c'].map((field) => [field, { ...text, ...(field in defaults && { default: defaults[field] }) }]),
          ),
        },
      },
    },
  },
});
const definition = (stored: Record<string, string>) => ({
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [version('v1', stored), version('v2', { b: 'of v2' })],
  },
});

let server: FakeServer;
const send = (method: string, path: string, body: object, type = 'application/json') =>
  server.call(path, { method, headers: { 'content-type': type }, body: JSON.stringify(body) });
const widget = (apiVersion: string, name: string) => ({
  apiVersion: `example.com/${apiVersion}`,
  kind: 'Widget',
  metadata: { name },
  spec: {},
});
const specIn = async (apiVersion: string, name: string) => (await server.call(at(apiVersion, `/${name}`))).json().spec;

beforeAll(async () => {
  server = await serveCustomResources();
  await send('POST', CRDS, definition({ a: 'of v1' }));
  while ((await server.call(at('v2'))).code !== 200);
});
afterAll(() => server.stop());

it('has the defaults of the version it was sent in and of the one it is stored in', async () => {
  const both = { a: 'of v1', b: 'of v2' };
  expect((await send('POST', at('v2'), widget('v2', 'second'))).json().spec).toEqual(both);
  expect([await specIn('v1', 'second'), await specIn('v2', 'second')]).toEqual([both, both]);
});

it('gets no defaults of a version that it is only shown in', async () => {
  await send('POST', at('v1'), widget('v1', 'first'));
  expect([await specIn('v1', 'first'), await specIn('v2', 'first')]).toEqual([{ a: 'of v1' }, { a: 'of v1' }]);
});

it('gets none in its spec by an update of its status', async () => {
  const sent = (await server.call(at('v2', '/first'))).json();
  const updated = await send('PUT', at('v2', '/first/status'), { ...sent, status: {} });
  expect([updated.code, updated.json().spec, await specIn('v2', 'first')]).toEqual([200, { a: 'of v1' }, { a: 'of v1' }]);
});

it('gets what has become a default of the stored version since, whatever version it is shown in', async () => {
  await send('PATCH', `${CRDS}/widgets.example.com`, { spec: definition({ a: 'of v1', c: 'new' }).spec }, 'application/merge-patch+json');
  await expect.poll(() => specIn('v2', 'first')).toEqual({ a: 'of v1', c: 'new' });
  expect(await specIn('v1', 'first')).toEqual({ a: 'of v1', c: 'new' });
});
