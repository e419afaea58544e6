import { request } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { decodeProtobuf, encodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import type { ApiServer } from '../server.ts';
import { serve } from './fake-server.ts';

let server: ApiServer;
let stop: () => Promise<void>;
let clock: FakeClock;

beforeEach(async () => {
  clock = fakeClock();
  const fake = await serve({
    clock,
    authorizer: (a) => ({ allowed: a.user.name !== 'system:anonymous' || a.path === '/livez', reason: '' }),
  });
  server = fake.server;
  stop = fake.stop;
});
afterEach(() => stop());

interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

const open = (path: string, { method = 'GET', headers = {}, body }: Call = {}) =>
  new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const { port } = server.address();
    const call = request(
      { host: '127.0.0.1', port, path, method, headers: { authorization: 'me', ...headers }, rejectUnauthorized: false },
      resolve,
    );
    call.on('error', reject);
    call.end(body);
  });

async function fetchJson(path: string, call?: Call) {
  const response = await open(path, call);
  const text = (await response.toArray()).join('');
  return { code: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) };
}

const create = (name: string) =>
  fetchJson('/api/v1/namespaces/default/configmaps', { method: 'POST', body: JSON.stringify({ metadata: { name }, data: { k: 'v' } }) });

it('serves objects and lists out of the cache', async () => {
  expect((await create('a')).code).toBe(201);
  await create('b');
  const { json } = await fetchJson('/api/v1/configmaps');
  expect(json()).toMatchObject({
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
  });
  for (const item of json().items) expect(Object.keys(item)).toEqual(['metadata', 'data']);
  expect((await fetchJson('/api/v1/namespaces/default/configmaps/a')).json()).toMatchObject({ kind: 'ConfigMap', data: { k: 'v' } });
});

it('answers with tables and metadata alone when asked to', async () => {
  await create('a');
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const table = (await fetchJson('/api/v1/configmaps', { headers: { accept } })).json();
  expect(table).toMatchObject({
    kind: 'Table',
    rows: [{ cells: ['a', 1, expect.any(String)], object: { kind: 'PartialObjectMetadata' } }],
  });
  const partial = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
  expect((await fetchJson('/api/v1/configmaps', { headers: { accept: partial } })).json().items[0]).not.toHaveProperty('data');
  expect((await fetchJson('/api/v1/configmaps', { headers: { accept: 'text/html' } })).code).toBe(406);
});

describe('who asks for what is deprecated', () => {
  const path = '/api/v1/namespaces/default/endpoints';
  const warning = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';

  it('is warned, whatever he asks', async () => {
    const made = await fetchJson(path, { method: 'POST', body: JSON.stringify({ metadata: { name: 'a' } }) });
    expect([made.code, made.headers.warning]).toEqual([201, warning]);
    expect((await fetchJson(path)).headers.warning).toBe(warning);
    expect((await fetchJson(`${path}/none`)).headers).toMatchObject({ warning });
    expect((await fetchJson('/api/v1/namespaces/default/configmaps')).headers.warning).toBeUndefined();
    const watching = await open(`${path}?watch=1`);
    expect(watching.headers.warning).toBe(warning);
    watching.destroy();
  });

  it('is in the metrics', async () => {
    await fetchJson(path);
    expect((await fetchJson('/metrics')).text).toContain(
      'apiserver_requested_deprecated_apis{group="",version="v1",resource="endpoints",subresource="",removed_release=""} 1',
    );
  });
});

it('streams a watch line by line', async () => {
  await create('a');
  const stream = await open('/api/v1/configmaps?watch=1');
  const lines: string[] = [];
  for await (const chunk of stream) {
    lines.push(String(chunk));
    if (lines.length === 1) await create('b');
    if (lines.join('').split('\n').length > 2) break;
  }
  const events = lines
    .join('')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map((e) => [e.type, e.object.metadata.name])).toEqual([
    ['ADDED', 'a'],
    ['ADDED', 'b'],
  ]);
  const { text } = await fetchJson('/metrics');
  const about = 'group="",version="v1",resource="configmaps"';
  expect(text).toContain(`apiserver_watch_events_total{${about}} 2\n`);
  expect(text).toContain(`apiserver_watch_events_sizes_sum{${about}} ${lines.join('').length}\n`);
});

it('tells how long watches take to send what there is, where that is asked for', async () => {
  await create('a');
  for (const [more, last] of [
    ['', 'ADDED'],
    ['&allowWatchBookmarks=true', 'BOOKMARK'],
  ]) {
    const stream = await open(`/api/v1/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan${more}`);
    for await (const chunk of stream) if (String(chunk).includes(`"type":"${last}"`)) break;
  }
  const { text } = await fetchJson('/metrics');
  expect(text).toContain('apiserver_watch_list_duration_seconds_count{group="",version="v1",resource="configmaps",scope="cluster"} 1\n');
});

describe('requests that come before the last answer is out', () => {
  const ask = (path: string) => `GET ${path} HTTP/1.1\r\nhost: server\r\nauthorization: me\r\n\r\n`;
  const watching = '/api/v1/configmaps?watch=true&resourceVersion=0&timeoutSeconds=100';

  function connected() {
    const socket = connectTls({ host: '127.0.0.1', port: server.address().port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
    });
    return { socket, has: (text: string) => vi.waitFor(() => expect(received).toContain(text)), received: () => received };
  }

  it('are answered in their order, watches too', async () => {
    await create('a');
    const { socket, has, received } = connected();
    socket.write(ask('/api/v1/namespaces/default/configmaps/a') + ask('/livez') + ask(watching));
    await has('"type":"ADDED"');
    await create('b');
    await has('"name":"b"');
    expect(received().match(/HTTP\/1.1 200/g)).toHaveLength(3);
    socket.destroy();
  });

  it('end with their connection', async () => {
    const { socket } = connected();
    const watches = async () => {
      const { text } = await fetchJson('/metrics');
      return /apiserver_longrunning_requests\{verb="WATCH",.*\} (\d+)/.exec(text)?.[1];
    };
    socket.write(ask('/api/v1/configmaps') + ask(watching));
    await vi.waitFor(async () => expect(await watches()).toBe('1'));
    socket.destroy();
    await vi.waitFor(async () => expect(await watches()).toBe('0'));
  });
});

it('answers renewals of node leases together when they come one soon after the other', async () => {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  await fetchJson('/api/v1/namespaces', { method: 'POST', body: JSON.stringify({ metadata: { name: 'kube-node-lease' } }) });
  const renew = (name: string) =>
    fetchJson(`${leases}/${name}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ spec: { holderIdentity: name } }),
    });
  const names = ['a', 'b', 'c'];
  for (const name of names) await fetchJson(leases, { method: 'POST', body: JSON.stringify({ metadata: { name } }) });
  expect((await renew('a')).code).toBe(200);
  const later = Promise.all([renew('b'), renew('c')]);
  // Others are not held up.
  expect((await fetchJson(`${leases}/b`)).json().spec.holderIdentity).toBeUndefined();
  await vi.waitFor(async () => {
    await clock.advance(100);
    expect((await fetchJson(`${leases}/c`)).json().spec.holderIdentity).toBe('c');
  });
  expect((await later).map(({ code }) => code)).toEqual([200, 200]);
});

describe('in protobuf', () => {
  const accept = `${PROTOBUF},application/json`;
  const fetchBytes = async (path: string, call: Call = {}) => {
    const response = await open(path, { ...call, headers: { accept, ...call.headers } });
    return { type: response.headers['content-type'], bytes: Buffer.concat(await response.toArray()) };
  };

  it('takes and answers objects, lists and Status', async () => {
    const body = encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    const created = await fetchBytes('/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body,
      headers: { 'content-type': PROTOBUF },
    });
    expect(created.type).toBe(PROTOBUF);
    expect(decodeProtobuf(created.bytes)).toEqual((await fetchJson('/api/v1/namespaces/default/configmaps/a')).json());
    const list = decodeProtobuf((await fetchBytes('/api/v1/configmaps')).bytes);
    expect(list).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: expect.stringMatching(/^\d+$/) } });
    expect(list).toMatchObject({ items: [{ metadata: { name: 'a' } }] });
    const removed = await fetchBytes('/api/v1/namespaces/default/configmaps/a', { method: 'DELETE' });
    expect(decodeProtobuf(removed.bytes)).toMatchObject({ kind: 'Status', status: 'Success' });
  });

  it('answers metadata alone, and JSON where that comes first or is all there is', async () => {
    await create('a');
    const partial = `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`;
    const { bytes } = await fetchBytes('/api/v1/configmaps', { headers: { accept: partial } });
    expect(decodeProtobuf(bytes)).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }] });
    const types = [`application/json,${PROTOBUF}`, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1,application/json`];
    for (const other of types)
      expect((await fetchBytes('/api/v1/configmaps', { headers: { accept: other } })).type).toBe('application/json');
  });

  it('streams a watch in frames', async () => {
    await create('a');
    await create('b');
    const stream = await open('/api/v1/configmaps?watch=1&resourceVersion=0', { headers: { accept } });
    expect(stream.headers['content-type']).toBe(`${PROTOBUF};stream=watch`);
    let received = Buffer.alloc(0);
    const names: (string | undefined)[] = [];
    for await (const chunk of stream) {
      received = Buffer.concat([received, chunk]);
      for (
        ;
        received.length >= 4 && received.length >= 4 + received.readUInt32BE();
        received = received.subarray(4 + received.readUInt32BE())
      ) {
        const frame = received.subarray(4, 4 + received.readUInt32BE());
        expect(frame.subarray(0, 7)).toEqual(Buffer.from('\n\x05ADDED'));
        names.push(decodeProtobuf(frame.subarray(frame.indexOf('k8s\0'))).metadata?.name);
      }
      if (names.length === 2) break;
    }
    expect(names).toEqual(['a', 'b']);
  });
});

it('refuses who may not, unknown paths, methods and bodies', async () => {
  const anonymous = { headers: { authorization: '' } };
  const forbidden = await fetchJson('/api/v1/namespaces/default/pods', anonymous);
  expect([forbidden.code, forbidden.json().message]).toEqual([
    403,
    'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
  ]);
  expect(forbidden.headers['x-content-type-options']).toBe('nosniff');
  expect((await fetchJson('/apis/none/v1/things', anonymous)).json().message).toBe(
    'things.none is forbidden: User "system:anonymous" cannot list resource "things" in API group "none" at the cluster scope',
  );
  expect((await fetchJson('/secret', anonymous)).json().message).toBe('forbidden: User "system:anonymous" cannot get path "/secret"');
  expect((await fetchJson('/api/v1/nonsense')).json()).toMatchObject({ reason: 'NotFound', code: 404 });
  expect((await fetchJson('/api/v1/configmaps', { method: 'PUT', body: '{}' })).code).toBe(405);
  const options = { method: 'OPTIONS' };
  expect((await fetchJson('/api/v1/namespaces/default/pods/p', options)).code).toBe(405);
  expect((await fetchJson('/api/v1/namespaces/default/pods/p/log', options)).code).toBe(405);
  const nobody = await fetchJson('/apis/none/v1/things', { method: 'POST', body: '{}' });
  expect([nobody.code, nobody.headers['content-type'], nobody.text]).toEqual([404, 'text/plain; charset=utf-8', '404 page not found\n']);
  const large = { method: 'POST', body: JSON.stringify({ data: { x: 'y'.repeat(3 * 1024 * 1024) } }) };
  expect((await fetchJson('/api/v1/namespaces/default/configmaps', large)).code).toBe(413);
});

it('lets every method through to a proxied pod, OPTIONS only of those who may do anything', async () => {
  const at = '/api/v1/namespaces/default/pods/gone/proxy/';
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    expect((await fetchJson(at, { method })).code).toBe(501);
  const anonymous = await fetchJson(at, { method: 'OPTIONS', headers: { authorization: '' } });
  expect(anonymous.json().message).toMatch(/^pods "gone" is forbidden: User "system:anonymous" cannot {2}resource "pods\/proxy"/);
});

describe('a body that cannot be read', () => {
  const at = '/api/v1/namespaces/default/configmaps';
  const unrecognized = (why: string, shown: string) =>
    `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ${why} (${shown})`;
  const struct = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  it.each([
    ['{', unrecognized('unexpected end of JSON input', '{')],
    ['', unrecognized('unexpected end of JSON input', '<empty>')],
    [
      '{"metadata":{"name":"a"},"data":{"a":x}}',
      unrecognized("invalid character 'x' looking for beginning of value", '{"metadata":{"name":"a"},"data ...'),
    ],
    ['hello', unrecognized("invalid character 'h' looking for beginning of value", '68656c6c6f')],
    ['[]', unrecognized(`json: cannot unmarshal array into Go value of type ${struct}`, '5b5d')],
  ])('is refused with what Go says of it: %s', async (body, message) => {
    const answer = await fetchJson(at, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(answer.json()).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xjson'])('is refused as %s', async (type) => {
    const answer = await fetchJson(at, { method: 'POST', body: '{"metadata":{"name":"a"}}', headers: { 'content-type': type } });
    expect(answer.json()).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });

  const unmarshalled = 'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal';
  it.each([
    ['merge-patch+json', '{', 'error decoding patch: unexpected end of JSON input'],
    ['merge-patch+json', '[]', 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['json-patch+json', '{}', 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['apply-patch+yaml', '"text"', `${unmarshalled} string into Go value of type map[string]interface {}`],
    ['apply-patch+yaml', '- {a: b}', `${unmarshalled} array into Go value of type map[string]interface {}`],
    ['apply-patch+yaml', 'b: &a [*a]', "error decoding YAML: error converting YAML to JSON: yaml: anchor 'a' value contains itself"],
    ['apply-patch+yaml', 'null', 'invalid object type: /, Kind='],
    ['strategic-merge-patch+json', 'x', "invalid character 'x' looking for beginning of value"],
  ])('is refused as a patch: %s %s', async (type, body, message) => {
    await create('p');
    const answer = await fetchJson(`${at}/p?fieldManager=m`, { method: 'PATCH', body, headers: { 'content-type': `application/${type}` } });
    expect(answer.json()).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });
});

describe('what a query says', () => {
  const at = '/api/v1/namespaces/default/configmaps';
  const post = (query: string) => fetchJson(`${at}?${query}`, { method: 'POST', body: '{"metadata":{"name":"q"}}' });

  it('of a write is refused when the API does not know it', async () => {
    expect((await post('dryRun=Some')).json()).toMatchObject({
      code: 422,
      message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    });
    expect((await post('fieldValidation=Lax')).json()).toMatchObject({
      code: 422,
      message:
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Lax": supported values: "", "Ignore", "Strict", "Warn"',
    });
  });

  it('of a write is refused for all that is wrong with it at once, whatever its body is', async () => {
    const fieldManager = `fieldManager=${encodeURIComponent('a\u0007')}`;
    const wrong = `${fieldManager}&dryRun=All&dryRun=Some&fieldValidation=Lax`;
    const causes = [
      { reason: 'FieldValueInvalid', field: 'fieldManager' },
      { reason: 'FieldValueNotSupported', field: 'dryRun' },
      { reason: 'FieldValueNotSupported', field: 'fieldValidation' },
    ];
    const refused = (await fetchJson(`${at}?${wrong}`, { method: 'POST', body: '{' })).json();
    expect(refused).toMatchObject({ code: 422, details: { kind: 'CreateOptions', group: 'meta.k8s.io', causes } });
    expect(refused.details).not.toHaveProperty('name');
    expect(refused.message).toContain('dryRun: Unsupported value: ["All","Some"]: supported values: "All", fieldValidation:');
    await create('w');
    const patch = { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/merge-patch+json' } };
    expect((await fetchJson(`${at}/w?force=1&${wrong}`, patch)).json()).toMatchObject({
      details: { kind: 'PatchOptions', causes: [{ reason: 'FieldValueForbidden', field: 'force' }, ...causes] },
    });
    const away = await fetchJson(`${at}/w?dryRun=Some&propagationPolicy=Some&fieldValidation=Lax`, { method: 'DELETE' });
    expect(away.json()).toMatchObject({
      details: { kind: 'DeleteOptions', causes: [{ field: 'propagationPolicy' }, { field: 'dryRun' }] },
    });
  });

  it('of a list is read as Go reads it', async () => {
    for (const limit of ['-1', '0']) expect((await fetchJson(`${at}?limit=${limit}`)).code).toBe(200);
    const message = 'strconv.ParseInt: parsing "abc": invalid syntax';
    expect((await fetchJson(`${at}?limit=abc`)).json()).toMatchObject({ code: 400, message });
    expect((await fetchJson(`${at}?resourceVersion=abc`)).json()).toMatchObject({
      code: 400,
      message: 'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    });
    expect((await fetchJson(`${at}?watch=1&resourceVersion=abc`)).json()).toMatchObject({
      code: 500,
      message: 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    });
    expect((await fetchJson(`${at}?continue=x!`)).json()).toMatchObject({
      code: 400,
      message: 'invalid continue token: continue key is not valid: illegal base64 data at input byte 1',
    });
  });

  it('of a deletion counts as its body would', async () => {
    await create('a');
    const away = (query: string) => fetchJson(`${at}/a?${query}`, { method: 'DELETE' });
    expect((await away('propagationPolicy=Some')).json()).toMatchObject({
      code: 422,
      message:
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Some": supported values: "Foreground", "Background", "Orphan", "nil"',
    });
    expect((await away('dryRun=All')).code).toBe(200);
    const withBody = (query: string, options: object) => {
      const body = JSON.stringify(options);
      return fetchJson(`${at}/a?${query}`, { method: 'DELETE', body, headers: { 'content-length': String(body.length) } });
    };
    expect((await withBody('dryRun=Some&propagationPolicy=Background', { propagationPolicy: 'Some' })).json()).toMatchObject({
      details: { causes: [{ field: 'propagationPolicy' }] },
    });
    expect((await withBody('dryRun=All', { gracePeriodSeconds: 0 })).code).toBe(200);
    expect((await fetchJson(`${at}/a`)).code).toBe(404);
    await create('a');
    expect((await away('propagationPolicy=Foreground')).json()).toMatchObject({ metadata: { finalizers: ['foregroundDeletion'] } });
    expect((await away('orphanDependents=false')).json()).toMatchObject({ status: 'Success' });
    expect((await fetchJson(`${at}/a`)).code).toBe(404);
  });

  it('of a deletion tells by the code that it goes on when nothing is to be orphaned', async () => {
    const body = JSON.stringify({ metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    await fetchJson(at, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const away = async (query: string) => (await fetchJson(`${at}/held?${query}`, { method: 'DELETE' })).code;
    expect(await away('dryRun=All&orphanDependents=false')).toBe(202);
    expect(await away('orphanDependents=false')).toBe(202);
    expect(await away('orphanDependents=false')).toBe(202);
    expect(await away('propagationPolicy=Background')).toBe(200);
    const headers = { 'content-type': 'application/merge-patch+json' };
    await fetchJson(`${at}/held`, { method: 'PATCH', body: '{"metadata":{"finalizers":null}}', headers });
    await create('a');
    expect((await fetchJson(`${at}/a?orphanDependents=false`, { method: 'DELETE' })).code).toBe(200);
  });

  it('of the layout counts, and clients for people get JSON that they can read', async () => {
    await create('a');
    const pretty = /^\{\n {2}"kind": "ConfigMap",\n {2}"apiVersion": "v1",\n {2}"metadata": \{\n/;
    expect((await fetchJson(`${at}/a`)).text).not.toMatch(pretty);
    expect((await fetchJson(`${at}/a?pretty=true`)).text).toMatch(pretty);
    const headers = { 'user-agent': 'curl/7.88.1' };
    expect((await fetchJson(`${at}/a`, { headers })).text).toMatch(pretty);
    expect((await fetchJson(`${at}/a?pretty=0`, { headers })).text).not.toMatch(pretty);
    expect((await fetchJson(`${at}/b`, { headers })).text).toMatch(/^\{\n {2}"kind": "Status",\n/);
  });
});

it('takes YAML, and refuses a bomb of aliases', async () => {
  const headers = { 'content-type': 'application/yaml' };
  const at = '/api/v1/namespaces/default/configmaps';
  expect((await fetchJson(at, { method: 'POST', headers, body: 'metadata: {name: yml}\ndata: {k: v}\n' })).code).toBe(201);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...'bcdefg'.split('').map((c, i) => `${c}: &${c} [${Array(10).fill(`*${'abcdefg'[i]}`)}]`),
  ].join('\n');
  expect((await fetchJson(at, { method: 'POST', headers, body: bomb })).code).toBe(400);
});

it.each(['a: &a\n  b: *a\n', '&a\nb: 1\n<<: *a\n', 'b: &a [{c: *a}]'])('refuses YAML that contains itself: %j', async (body) => {
  const call = { method: 'POST', headers: { 'content-type': 'application/yaml' }, body };
  const { code, json } = await fetchJson('/api/v1/namespaces/default/configmaps', call);
  expect([code, json().message]).toEqual([400, expect.stringContaining("): yaml: anchor 'a' value contains itself (")]);
});

it('answers in YAML and by the quality that the client gives, streams aside', async () => {
  await create('y');
  const at = '/api/v1/namespaces/default/configmaps';
  const get = (path: string, accept: string) => fetchJson(path, { headers: { accept } });
  const one = await get(`${at}/y`, 'application/yaml');
  expect([one.code, one.headers['content-type']]).toEqual([200, 'application/yaml']);
  expect(parse(one.text)).toEqual((await get(`${at}/y`, 'application/json')).json());
  const list = await get(at, 'application/json;q=0.5, application/yaml');
  expect(parse(list.text)).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', items: [{ metadata: { name: 'y' } }] });
  expect(parse(list.text).items[0]).not.toHaveProperty('kind');
  const table = await get(at, 'application/yaml;as=Table;g=meta.k8s.io;v=v1');
  expect(parse(table.text)).toMatchObject({ kind: 'Table', rows: [{ cells: ['y', 1, expect.anything()] }] });
  expect((await get(`${at}?watch=1`, 'application/yaml')).code).toBe(406);
});

it('names fields that a kind does not select by', async () => {
  const message = async (path: string) => (await fetchJson(`${path}?fieldSelector=spec.foo%3Dbar`)).json().message;
  expect(await message('/api/v1/pods')).toBe('field label not supported: spec.foo');
  expect(await message('/api/v1/configmaps')).toBe('"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"');
});

it('warns of unknown fields in a header', async () => {
  const body = JSON.stringify({ metadata: { name: 'w' }, nope: 1 });
  const { headers } = await fetchJson('/api/v1/namespaces/default/configmaps', { method: 'POST', body });
  expect(headers.warning).toBe('299 - "unknown field \\"nope\\""');
});

it('has no table of what is answered and never read', async () => {
  const body = JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {} });
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const { code } = await fetchJson(path, { method: 'POST', headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }, body });
  expect(code).toBe(406);
});

it('labels requests as upstream does: creates as one object, server-side apply by its own verb, collections as DELETE', async () => {
  const at = '/api/v1/namespaces/default/configmaps';
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'labelled' } });
  await fetchJson(`${at}/labelled?fieldManager=me`, { method: 'PATCH', headers: { 'content-type': 'application/apply-patch+yaml' }, body });
  await fetchJson(`${at}?labelSelector=none`, { method: 'DELETE' });
  await fetchJson('/api/v1/configmaps');
  const { text } = await fetchJson('/metrics');
  const of = (verb: string, scope: string) => `{verb="${verb}",group="",version="v1",resource="configmaps",subresource="",scope="${scope}"`;
  for (const labels of [of('APPLY', 'resource'), of('DELETE', 'namespace'), of('LIST', 'cluster')]) {
    expect(text).toContain(`apiserver_request_total${labels}`);
  }
});

it('reports its health and its metrics', async () => {
  expect((await fetchJson('/livez', { headers: { authorization: '' } })).text).toBe('ok');
  expect((await fetchJson('/readyz?verbose')).text).toBe('[+]ping ok\n[+]shutdown ok\nreadyz check passed\n');
  expect((await fetchJson('/readyz/ping')).code).toBe(200);
  expect((await fetchJson('/readyz?verbose&exclude=ping&exclude=b&exclude=a')).text).toBe(
    '[+]ping excluded: ok\n[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "a", "b"\nreadyz check passed\n',
  );
  await create('a');
  const dry = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ metadata: { name: 'b' } }) };
  expect((await fetchJson('/api/v1/namespaces/default/configmaps?dryRun=All', dry)).code).toBe(201);
  const { text } = await fetchJson('/metrics');
  const object = 'verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource"';
  const [asked, undisturbed] = [`${object},component="apiserver",dry_run=""`, `${object},component="apiserver"`];
  expect(text).toContain(`apiserver_request_total{${asked},code="201"} 1\n`);
  const histograms = { apiserver_request_duration_seconds: [asked, 1], apiserver_request_sli_duration_seconds: [undisturbed, 2] };
  for (const [name, [about, count]] of Object.entries(histograms)) {
    expect(text).toContain(`# TYPE ${name} histogram\n`);
    expect(text).toContain(`${name}_bucket{${about},le="60"} ${count}\n`);
    expect(text).toContain(`${name}_bucket{${about},le="+Inf"} ${count}\n`);
    expect(text).toContain(`${name}_count{${about}} ${count}\n`);
  }
  const names = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
  expect(
    names.filter((name, i) => names.indexOf(name) !== i),
    'each series is there once',
  ).toEqual([]);
  for (const line of [
    'apiserver_storage_objects{resource="configmaps"} 1',
    'apiserver_storage_objects{resource="events"} 0',
    'apiserver_resource_objects{group="apps",resource="deployments"} 0',
    'apiserver_current_inflight_requests{request_kind="mutating"} 0',
    'apiserver_current_inflight_requests{request_kind="readOnly"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).not.toContain('kubernetes_healthcheck');
});

it('tells how its health checks ended, of itself and for those who asked', async () => {
  const results = async () => {
    const { text } = await fetchJson('/metrics/slis');
    expect(text).toMatch(/^kubernetes_healthcheck{name="shutdown",type="readyz"} 1$/m);
    expect(text).toMatch(/^process_start_time_seconds \d/m);
    return Number(/^kubernetes_healthchecks_total{name="ping",type="livez",status="success"} (\d+)$/m.exec(text)?.[1]);
  };
  const before = await results();
  await fetchJson('/livez');
  expect(await results()).toBe(before + 2);
});

describe('keys that a body has twice', () => {
  const at = '/api/v1/namespaces/default/configmaps';
  const send = (query: string, type: string, body: string, name = '') =>
    fetchJson(`${at}${name}?${query}`, { method: name ? 'PATCH' : 'POST', headers: { 'content-type': type }, body });
  const json = '{"metadata":{"name":"a"},"immutable":false,"immutable":false,"extra":1}';
  const yaml = 'metadata:\n  name: a\ndata:\n  "foo": a\n  "foo": b\n';
  const repeated = 'yaml: unmarshal errors:\n  line 5: key "foo" already set in map';

  it('are refused together with unknown fields under strict validation', async () => {
    const refused = await send('fieldValidation=Strict', 'application/json', json);
    expect(refused.code).toBe(400);
    expect(refused.json().message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "immutable", unknown field "extra"',
    );
    const twice = '{"nope":{"a":1,"a":2},"metadata":{"name":"a","name":"a"},"nope":1,"data":{"a":"b","a":"c"},"also":1}';
    expect((await send('fieldValidation=Strict', 'application/json', twice)).json().message).toMatch(
      /: unknown field "nope", duplicate field "metadata.name", duplicate field "data.a", unknown field "also"$/,
    );
    const sorted = (await send('fieldValidation=Strict', 'application/yaml', `z: 1\n${yaml}b: 1\n`)).json().message;
    expect(sorted).toMatch(/line 6: key "foo" already set in map, unknown field "b", unknown field "z"$/);
    await send('', 'application/json', '{"metadata":{"name":"patched"}}');
    const merged = await send('fieldValidation=Strict', 'application/merge-patch+json', '{"z":1,"b":1,"b":2}', '/patched');
    expect(merged.json().message).toMatch(/strict decoding error: duplicate field "b", unknown field "b", unknown field "z"$/);
    const operations = '[{"op":"add","path":"/z","value":1,"foo":1},{"op":"add","path":"/b","path":"/b","value":1}]';
    const patched = await send('fieldValidation=Strict', 'application/json-patch+json', operations, '/patched');
    expect(patched.json().message).toMatch(
      /strict decoding error: json patch unknown field "\[0\].foo", json patch duplicate field "\[1\].path", unknown field "b", unknown field "z"$/,
    );
    expect((await send('fieldValidation=Strict', 'application/yaml', yaml)).json().message).toContain(`strict decoding error: ${repeated}`);
    const applied = await send('fieldManager=me&fieldValidation=Strict', 'application/apply-patch+yaml', yaml, '/a');
    expect(applied.json().message).toBe(`error strict decoding YAML: error converting YAML to JSON: ${repeated}`);
  });

  it('are warned of or let pass otherwise, and the last one counts', async () => {
    const applied = await send('fieldManager=me', 'application/apply-patch+yaml', `apiVersion: v1\nkind: ConfigMap\n${yaml}`, '/a');
    expect([applied.code, applied.json().data]).toEqual([201, { foo: 'b' }]);
    expect(applied.headers.warning).toBe('299 - "line 7: key \\"foo\\" already set in map"');
    const ignored = await send('fieldValidation=Ignore', 'application/yaml', yaml.replace('name: a', 'name: b'));
    expect([ignored.code, ignored.headers.warning]).toEqual([201, undefined]);
  });

  it('are refused where the body is no object that is stored', async () => {
    const review = '{"spec":{"nonResourceAttributes":{"path":"/","path":"/"}}}';
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldValidation=Strict';
    const refused = await fetchJson(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: review });
    expect([refused.code, refused.json().message]).toEqual([
      400,
      'SelfSubjectAccessReview in version "v1" cannot be handled as a SelfSubjectAccessReview: strict decoding error: duplicate field "spec.nonResourceAttributes.path"',
    ]);
  });
});

it('tells a client that speaks plain HTTP that this is HTTPS', async () => {
  const socket = connect(server.address().port, '127.0.0.1');
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  const answer = Buffer.concat(await socket.toArray()).toString();
  expect(answer).toBe('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
  expect((await fetchJson('/api/v1/namespaces')).code).toBe(200);
});

describe('the types of a request', () => {
  const at = '/api/v1/namespaces/default/configmaps';
  const unknown = (known: string) => `the body of the request was in an unknown format - accepted media types include: ${known}`;
  const OBJECTS = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  const PATCHES =
    'application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml';

  it.each([
    ['PATCH', 'application/json', '415: Unsupported Media Type'],
    ['PATCH', 'APPLICATION/MERGE-PATCH+JSON', '415: Unsupported Media Type'],
    ['PATCH', 'text/plain, application/merge-patch+json', unknown(PATCHES)],
    ['POST', 'text/plain', unknown(OBJECTS)],
    ['POST', 'application/json;x', unknown(OBJECTS)],
    ['POST', 'application/json, application/yaml', unknown(OBJECTS)],
    ['POST', 'application/merge-patch+json', unknown(OBJECTS)],
  ])('%s with a body of type %s is refused', async (method, type, message) => {
    const name = method === 'POST' ? '' : '/a';
    const body = '{"metadata":{"name":"a"}}';
    const answer = await fetchJson(`${at}${name}`, { method, headers: { 'content-type': type }, body });
    expect(answer.json()).toMatchObject({ code: 415, message });
  });

  it('are told before an empty body', async () => {
    const answer = await fetchJson(at, { method: 'POST', headers: { 'content-type': 'text/plain' } });
    expect(answer.json()).toMatchObject({ code: 415, message: unknown(OBJECTS) });
  });

  it.each([
    [
      '',
      'application/*',
      `406: Not Acceptable\n\nAvailable representations: ${OBJECTS}, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch`,
    ],
    ['/a', 'text/html', `406: Not Acceptable\n\nAvailable representations: ${OBJECTS}`],
    ['/a', 'application/json;as=Nothing;g=meta.k8s.io;v=v1', `only the following media types are accepted: ${OBJECTS}`],
    ['?limit=x', 'application/json;as=Nothing;g=meta.k8s.io;v=v1', `only the following media types are accepted: ${OBJECTS}`],
    [
      '?watch=1',
      'application/yaml',
      'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    ],
  ])('%s: %s is not acceptable', async (more, accept, message) => {
    // JSON is YAML as well, which the refusal is written in when it was asked for.
    expect(parse((await fetchJson(`${at}${more}`, { headers: { accept } })).text)).toMatchObject({ code: 406, message });
  });
});

describe('odd bodies and answers', () => {
  const at = '/api/v1/namespaces/default/configmaps';
  const post = (type: string, body: string) =>
    fetchJson(`${at}?dryRun=All`, { method: 'POST', headers: { 'content-type': `application/${type}` }, body });

  it.each([
    ['json', 'null', 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'],
    [
      'json',
      '{"metadata":[]}',
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta',
    ],
    [
      'json',
      '{"metadata":{"creationTimestamp":5}}',
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    ],
  ])('%s of %s is refused as upstream does it', async (type, body, message) => {
    expect((await post(type, body)).json().message).toBe(message);
  });

  it('of several YAML documents the first counts', async () => {
    const made = await post('yaml', '---\nmetadata: {name: first}\n---\nmetadata: {name: second}\n');
    expect([made.code, made.json().metadata.name]).toEqual([201, 'first']);
  });

  it('answers in YAML have their keys in order and lists where their key is', async () => {
    const headers = { accept: 'application/yaml', 'content-type': 'application/json' };
    const body = '{"metadata":{"name":"a","finalizers":["x.y/z"]},"data":{"b":"1","a":"2"}}';
    const { text } = await fetchJson(`${at}?dryRun=All`, { method: 'POST', headers, body });
    expect(text).toMatch(/^apiVersion: v1\ndata:\n {2}a: "2"\n {2}b: "1"\nkind: ConfigMap\nmetadata:\n/);
    expect(text).toContain('\n  finalizers:\n  - x.y/z\n');
  });

  it('a quality of nothing is a quality', async () => {
    expect((await fetchJson(at, { headers: { accept: 'application/json;q=0' } })).code).toBe(200);
  });
});

it.each([
  ['PUT', 'log'],
  ['DELETE', 'attach'],
  ['PATCH', 'exec'],
  ['POST', 'log'],
])('%s of pods/%s is no method of it', async (method, subresource) => {
  const { code } = await fetchJson(`/api/v1/namespaces/default/pods/p/${subresource}`, { method });
  expect(code).toBe(405);
});

it('a patch that cannot be applied keeps its reason to itself', async () => {
  const at = '/api/v1/namespaces/default/configmaps';
  await create('patched');
  const headers = { 'content-type': 'application/json-patch+json' };
  const refused = await fetchJson(`${at}/patched`, { method: 'PATCH', headers, body: '[{"op":"remove","path":"/a/b"}]' });
  expect(refused.json()).toMatchObject({ code: 422, reason: 'Invalid', details: {} });
  expect(refused.json().details).toEqual({});
});
