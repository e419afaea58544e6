import { request } from 'node:https';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createColumnHeads } from './column-heads.ts';
import { type FakeServer, serve } from './fake-server.ts';

const accept = (as: string, version = 'v1') => ({ accept: `application/json;as=${as};g=meta.k8s.io;v=${version}` });
let server: FakeServer;
let asked: (readonly string[])[];

beforeEach(async () => {
  asked = [];
  server = await serve({
    async fieldTexts(fields) {
      asked.push(fields);
      return new Map(fields.map((field) => [field, `text of ${field}`]));
    },
  });
});
afterEach(() => server.stop());

const create = (name: string) =>
  server.call('/api/v1/namespaces/default/configmaps', { method: 'POST', body: JSON.stringify({ metadata: { name }, data: { k: 'v' } }) });
const get = async (path: string, headers: Record<string, string>) => (await server.call(path, { headers })).json();

it('describes columns by the texts of fields, which are read once', async () => {
  await create('a');
  const table = await get('/api/v1/configmaps', accept('Table'));
  expect(table.columnDefinitions).toEqual([
    { name: 'Name', type: 'string', format: 'name', description: 'text of ObjectMeta.name', priority: 0 },
    { name: 'Data', type: 'string', format: '', description: 'text of ConfigMap.data', priority: 0 },
    { name: 'Age', type: 'string', format: '', description: 'text of ObjectMeta.creationTimestamp', priority: 0 },
  ]);
  await get('/api/v1/pods', accept('Table'));
  expect(asked).toHaveLength(1);
});

it('shows the age of an address under no heading', async () => {
  const body = JSON.stringify({
    metadata: { name: '10.0.0.9' },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } },
  });
  await server.call('/apis/networking.k8s.io/v1/ipaddresses', { method: 'POST', body });
  const table = await get('/apis/networking.k8s.io/v1/ipaddresses', accept('Table'));
  expect(table).toMatchObject({ columnDefinitions: [{}, {}], rows: [{ cells: ['10.0.0.9', 'services/default/s', '0s'] }] });
});

it('are not there of parts of objects that upstream did not give one', async () => {
  const body = JSON.stringify({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await server.call('/api/v1/namespaces/default/pods', { method: 'POST', body });
  const code = async (part: string) => (await server.call(`/api/v1/namespaces/default/pods/p/${part}`, { headers: accept('Table') })).code;
  expect(await Promise.all(['status', 'resize', 'ephemeralcontainers'].map(code))).toEqual([200, 406, 406]);
});

it('includes what was asked for in the rows, in the asked version', async () => {
  await create('a');
  const rows = async (include: string) => (await get(`/api/v1/configmaps?includeObject=${include}`, accept('Table', 'v1beta1'))).rows;
  expect(await rows('None')).toMatchObject([{ object: null }]);
  expect(await rows('Metadata')).toMatchObject([{ object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1beta1' } }]);
  expect(await rows('Object')).toMatchObject([{ object: { kind: 'ConfigMap', apiVersion: 'v1', data: { k: 'v' } } }]);
  const bad = await server.call('/api/v1/configmaps?includeObject=All', { headers: accept('Table') });
  expect([bad.code, bad.json().message]).toEqual([
    400,
    `Unable to convert to Table as requested: includeObject: Invalid value: "All": must be 'Metadata', 'Object', 'None', or empty`,
  ]);
  expect((await server.call('/api/v1/configmaps?includeObject=All')).code).toBe(200);
});

it('is a table of one row for one object, with its revision', async () => {
  await create('a');
  const [one, all] = [
    await get('/api/v1/namespaces/default/configmaps/a', accept('Table')),
    await get('/api/v1/configmaps', accept('Table')),
  ];
  expect(one).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', rows: [{ cells: ['a', 1, expect.any(String)] }] });
  expect(one.columnDefinitions).toEqual(all.columnDefinitions);
  expect(one.metadata).toEqual({ resourceVersion: expect.stringMatching(/^[1-9]/) });
});

it('refuses metadata of a list where one object was asked for, and the other way about', async () => {
  await create('a');
  const refused = async (path: string, as: string) => {
    const { code, json } = await server.call(path, { headers: accept(as) });
    return [code, json().reason, json().message];
  };
  expect(await refused('/api/v1/configmaps', 'PartialObjectMetadata')).toEqual([
    406,
    'NotAcceptable',
    'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  ]);
  expect(await refused('/api/v1/namespaces/default/configmaps/a', 'PartialObjectMetadataList')).toEqual([
    406,
    'NotAcceptable',
    'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
  ]);
  expect(await get('/api/v1/configmaps', accept('PartialObjectMetadataList', 'v1beta1'))).toMatchObject({
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1beta1',
    items: [{ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1beta1', metadata: { name: 'a' } }],
  });
});

it('has a table of scales', async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const body = JSON.stringify({ metadata: { name: 'd' }, spec: { replicas: 3, selector: { matchLabels: { a: 'b' } }, template } });
  await server.call('/apis/apps/v1/namespaces/default/deployments', { method: 'POST', body });
  const table = await get('/apis/apps/v1/namespaces/default/deployments/d/scale', accept('Table'));
  expect(table).toMatchObject({
    columnDefinitions: [{ name: 'Name', format: '' }, { name: 'Desired' }, { name: 'Available' }, { name: 'Age' }],
  });
  expect(table.rows).toMatchObject([{ cells: ['d', 3, 0, expect.any(String)] }]);
});

it('watches in tables: columns with the first event alone, bookmarks as rows', async () => {
  await create('a');
  const path =
    '/api/v1/configmaps?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&includeObject=None';
  const events = await new Promise<{ type: string; object: Record<string, unknown> }[]>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: server.port, path, headers: { authorization: 'me', ...accept('Table') }, rejectUnauthorized: false },
      (response) => {
        let text = '';
        response.on('error', () => {});
        response.on('data', (chunk) => {
          text += chunk;
          const lines = text.split('\n').slice(0, -1);
          if (lines.length < 2) return;
          resolve(lines.map((line) => JSON.parse(line)));
          sent.destroy();
        });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
  expect(events).toMatchObject([
    {
      type: 'ADDED',
      object: { kind: 'Table', columnDefinitions: [{}, {}, {}], rows: [{ cells: ['a', 1, expect.any(String)], object: null }] },
    },
    { type: 'BOOKMARK', object: { kind: 'Table', columnDefinitions: null, rows: [{ cells: ['', 0, '<unknown>'] }] } },
  ]);
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  expect(events[1]?.object.rows).toMatchObject([{ object: { kind: 'PartialObjectMetadata', metadata: { annotations } } }]);
});

it('leaves a column undescribed of whose field no text is known', async () => {
  const heads = createColumnHeads(async () => new Map());
  const column = { name: 'A', type: 'string', priority: 1, description: '', of: 'X.y', value: () => '' } as const;
  expect(await heads({ columns: [column] })).toEqual([{ name: 'A', type: 'string', format: '', description: '', priority: 1 }]);
});
