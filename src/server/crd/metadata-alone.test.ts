import { request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { type FakeServer, serveCustomResources } from '../http/fake-server.ts';
import { cronTabs } from './fake-crds.ts';

const TABS = '/apis/stable.example.com/v1/namespaces/default/crontabs';
const as = (kind: string) => `${PROTOBUF};as=${kind};g=meta.k8s.io;v=v1`;

let server: FakeServer;
beforeAll(async () => {
  server = await serveCustomResources();
  const send = (path: string, body: object) =>
    server.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  await send('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', cronTabs());
  while ((await server.call(TABS)).code !== 200);
  const tab = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'a', labels: { x: 'y' } }, spec: { image: 'i' } };
  expect((await send(TABS, tab)).code).toBe(201);
});
afterAll(() => server.stop());

const bytesOf = (path: string, accept: string) =>
  new Promise<{ type: string | undefined; bytes: Buffer }>((resolve, reject) => {
    const headers = { authorization: 'me', accept };
    request({ host: '127.0.0.1', port: server.port, path, headers, rejectUnauthorized: false }, async (response) => {
      resolve({ type: response.headers['content-type'], bytes: Buffer.concat(await response.toArray()) });
    })
      .on('error', reject)
      .end();
  });

it('of custom resources is there in protobuf, alone, in lists and in watches', async () => {
  const metadata = { name: 'a', labels: { x: 'y' } };
  const object = await bytesOf(`${TABS}/a`, as('PartialObjectMetadata'));
  expect([object.type, decodeProtobuf(object.bytes)]).toMatchObject([PROTOBUF, { kind: 'PartialObjectMetadata', metadata }]);
  const list = await bytesOf(TABS, as('PartialObjectMetadataList'));
  expect([list.type, decodeProtobuf(list.bytes)]).toMatchObject([PROTOBUF, { kind: 'PartialObjectMetadataList', items: [{ metadata }] }]);
  const watch = await bytesOf(`${TABS}?watch=1&timeoutSeconds=1`, as('PartialObjectMetadata'));
  expect(watch.type).toBe(`${PROTOBUF};stream=watch`);
  expect(decodeProtobuf(watch.bytes.subarray(watch.bytes.indexOf('k8s\0')))).toMatchObject({ kind: 'PartialObjectMetadata', metadata });
});

it.each([
  ['', PROTOBUF, 'application/json, application/yaml, application/vnd.kubernetes.protobuf'],
  ['?watch=1', 'application/yaml', 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'],
])('%s: whole custom resources are not there as %s', async (query, type, known) => {
  const answer = await server.call(TABS + query, { headers: { accept: `${type},x/y` } });
  expect(answer.code).toBe(406);
  expect(answer.text).toContain(`only the following media types are accepted: ${known}`);
});
