import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { decodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { type AppOptions, createApp } from './app.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

it.each<[string, string, string | null, string | null]>([
  ['/api', 'application/json', null, null],
  ['/apis', AGGREGATED, 'public', 'Accept'],
  ['/openapi/v2', 'application/json', null, 'Accept-Encoding, Accept'],
  ['/openapi/v3/apis/apps/v1', 'application/json', null, 'Accept'],
  ['/openapi/v3/apis/apps/v1?hash=x', 'application/json', 'public, immutable', 'Accept'],
])('%s as %s may be kept as upstream lets it', async (path, contentType, cacheControl, vary) => {
  const bytes = new TextEncoder().encode('{}');
  const documents = [() => ({ bytes, etag: '"x"', contentType })];
  const server = createServer(createApp({ documents, ready: [], live: [], metrics: {} }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { headers } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  expect([headers.get('cache-control'), headers.get('vary'), headers.get('etag')]).toEqual([cacheControl, vary, vary && '"x"']);
  server.close();
});

const serve = async (documents: AppOptions['documents']) => {
  const server = createServer(
    createApp({ documents, ready: [], live: [], metrics: { '/metrics': async () => ({ contentType: 'text/plain', text: '' }) } }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { call: (path: string, init: RequestInit = {}) => fetch(`${origin}${path}`, init), close: () => server.close() };
};

const GROUP = { kind: 'APIGroup', apiVersion: 'v1', name: 'apps', versions: [{ groupVersion: 'apps/v1', version: 'v1' }] };
const discovery = (path: string) => {
  const routed = ({ '/api': 'itself', '/apis/apps': 'below', '/apis/apps/v1': 'itself' } as const)[path];
  if (!routed && !['/apis', '/apis/example.com', '/version'].includes(path)) return undefined;
  const bytes = new TextEncoder().encode(JSON.stringify(GROUP));
  return { bytes, etag: '"x"', contentType: 'application/json', ...(path !== '/version' && { object: { ...(routed && { routed }) } }) };
};

it('answers every method but where upstream’s router does', async () => {
  const { call, close } = await serve([discovery]);
  const codes = async (method: string, ...paths: string[]) => Promise.all(paths.map(async (path) => (await call(path, { method })).status));
  for (const method of ['HEAD', 'POST', 'DELETE']) {
    expect(await codes(method, '/api', '/apis/apps/v1', '/version')).toEqual([405, 405, 405]);
    expect(await codes(method, '/apis', '/apis/apps', '/livez', '/metrics')).toEqual([200, 200, 200, 200]);
  }
  close();
});

it('says of what is missing below a routed group what the router says', async () => {
  const { call, close } = await serve([discovery]);
  const type = async (path: string) => (await call(path)).headers.get('content-type');
  expect(await type('/apis/apps/v2')).toBe('application/json');
  expect(await type('/apis/example.com/v2')).toBe('text/plain; charset=utf-8');
  expect(await type('/apis/nope/v2')).toBe('text/plain; charset=utf-8');
  close();
});

it('writes discovery in every format, and refuses others', async () => {
  const { call, close } = await serve([discovery]);
  const get = async (path: string, accept: string) => call(path, { headers: { accept } });
  const yaml = await get('/apis/apps', 'application/yaml');
  expect([yaml.headers.get('content-type'), await yaml.text()]).toEqual([
    'application/yaml',
    'apiVersion: v1\nkind: APIGroup\nname: apps\nversions:\n- groupVersion: apps/v1\n  version: v1\n',
  ]);
  const bytes = new Uint8Array(await (await get('/apis/apps', PROTOBUF)).arrayBuffer());
  expect(decodeProtobuf(bytes)).toMatchObject(GROUP);
  const known = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  const message = async (path: string, accept: string) => ((await (await get(path, accept)).json()) as { message: string }).message;
  expect(await message('/apis/apps', 'text/plain')).toBe(`only the following media types are accepted: ${known}`);
  expect(await message('/apis/apps/v1', 'text/plain')).toBe(`406: Not Acceptable\n\nAvailable representations: ${known}`);
  expect(await message('/version', 'text/plain')).toBe('406: Not Acceptable\n\nAvailable representations: application/json');
  close();
});

it('tells errors in the format that the client asked for', async () => {
  const { call, close } = await serve([discovery]);
  const missing = await call('/apis/apps/v2', { headers: { accept: 'application/yaml' } });
  expect([missing.status, missing.headers.get('content-type')]).toEqual([404, 'application/yaml']);
  expect(await missing.text()).toContain('reason: NotFound\n');
  close();
});

it('checks nothing without a name', async () => {
  const { call, close } = await serve([]);
  expect((await call('/livez/')).status).toBe(404);
  close();
});

it.each([
  ['/livez', 200],
  ['/livez/nothing', 404],
  ['/nothing', 404],
  ['/api', 405],
])('HEAD of %s says how long a GET is, or the refusal', async (path, code) => {
  const { call, close } = await serve([discovery]);
  const head = await call(path, { method: 'HEAD' });
  const whole = await call(path, { method: code === 405 ? 'POST' : 'GET' });
  const text = await whole.text();
  expect([head.status, whole.status]).toEqual([code, code]);
  expect(head.headers.get('content-length')).toBe(String(text.length));
  expect(whole.headers.get('content-length')).toBe(String(text.length));
  expect(text.endsWith('\n')).toBe(code !== 200);
  close();
});
