import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { configMaps, namespaces, pods } from '../api/index.ts';
import { ApiError, isExpired, isNotFound } from '../api/meta/status.ts';
import { systemClock } from '../base/clock.ts';
import { fakeClock } from '../base/fake-clock.ts';
import type { KeyPair } from '../server/pki/certificate.ts';
import { issueAuthority, issueIdentity, newKeyPem } from '../server/pki/issue.ts';
import { createClient } from './client.ts';
import { type ClientCredentials, httpsTransport, type RequestOutcome } from './https-transport.ts';
import { jsonLines } from './json-lines.ts';

let certificates: Awaited<ReturnType<typeof makeCertificates>>;
let server: Server;
let handle: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let address: string;
const { signal } = new AbortController();

async function makeCertificates() {
  const nowMs = systemClock.now();
  const authority = await issueAuthority('test-ca', await newKeyPem(), nowMs);
  const other = await issueAuthority('other-ca', await newKeyPem(), nowMs);
  const issue = (commonName: string, purpose: 'server' | 'client') =>
    issueIdentity(authority, { commonName, organizations: [], sans: ['127.0.0.1'], purpose }, nowMs);
  const credentials = ({ certPem, keyPem }: KeyPair) => ({ cert: certPem, key: keyPem });
  return {
    ca: authority.certPem,
    otherCa: other.certPem,
    server: credentials(await issue('server', 'server')),
    first: credentials(await issue('first', 'client')),
    second: credentials(await issue('second', 'client')),
  };
}

beforeAll(async () => {
  certificates = await makeCertificates();
  const { ca } = certificates;
  server = createServer({ ...certificates.server, ca, requestCert: true, rejectUnauthorized: false }, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    handle(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  handle = (_, response) => response.end('{}');
});

function connect(credentials: () => ClientCredentials = () => ({ token: 't' }), ca = certificates.ca, clock = systemClock) {
  const transport = httpsTransport({ server: address, ca, credentials, clock });
  return { client: createClient(transport), transport };
}

test('requests carry method, path, query, token and body as the Kubernetes API wants them', async () => {
  const seen: unknown[] = [];
  handle = (request, response, body) => {
    seen.push([request.method, request.url, request.headers.authorization, request.headers['content-type'], body]);
    response.end(JSON.stringify({ kind: 'X', items: [] }));
  };
  const { client, transport } = connect();
  await client.get(configMaps, 'a', { namespace: 'n', signal });
  await client.list(pods, { labelSelector: 'a=b', limit: 5, signal });
  await client.create(namespaces, { metadata: { name: 'x' } }, { dryRun: true, signal });
  await client.patch(pods, 'p', 'strategic', { status: {} }, { namespace: 'n', subresource: 'status', signal });
  await client.delete(pods, 'p', { namespace: 'n', delete: { gracePeriodSeconds: 0 }, signal });
  transport[Symbol.dispose]();
  expect(seen).toEqual([
    ['GET', '/api/v1/namespaces/n/configmaps/a', 'Bearer t', undefined, ''],
    ['GET', '/api/v1/pods?labelSelector=a%3Db&limit=5', 'Bearer t', undefined, ''],
    ['POST', '/api/v1/namespaces?dryRun=All', 'Bearer t', 'application/json', '{"metadata":{"name":"x"}}'],
    ['PATCH', '/api/v1/namespaces/n/pods/p/status', 'Bearer t', 'application/strategic-merge-patch+json', '{"status":{}}'],
    ['DELETE', '/api/v1/namespaces/n/pods/p', 'Bearer t', 'application/json', '{"gracePeriodSeconds":0}'],
  ]);
});

test('whoever wants to know is told of each request how it ended', async () => {
  const { client, transport } = connect();
  const told: RequestOutcome[] = [];
  transport.onRequest((outcome) => void told.push(outcome));
  await client.get(configMaps, 'a', { namespace: 'n', signal });
  handle = (_, response) => {
    response.statusCode = 409;
    response.end(JSON.stringify(new ApiError('Conflict', 'no').toStatus()));
  };
  await client.create(namespaces, { metadata: { name: 'x' } }, { signal }).catch(() => {});
  handle = (_, response) => response.end();
  for await (const _event of client.watch(pods, { signal })) throw new Error('there is nothing to see');
  handle = (request) => request.socket.destroy();
  await client.get(configMaps, 'a', { namespace: 'n', signal }).catch(() => {});
  transport[Symbol.dispose]();
  const { host } = new URL(address);
  const seconds = expect.any(Number);
  expect(told).toEqual([
    { method: 'GET', host, code: 200, seconds },
    { method: 'POST', host, code: 409, seconds },
    { method: 'GET', host, code: 200, seconds: undefined },
    { method: 'GET', host, code: undefined, seconds },
  ]);
});

test('items of a list say what they are, although the list alone does on the wire', async () => {
  const items = [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }];
  handle = (_, response) => void response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }));
  const { client } = connect();
  const list = await client.list(pods, { signal });
  expect(list.items).toEqual(items.map((item) => ({ apiVersion: 'v1', kind: 'Pod', ...item })));
});

test('a failure Status becomes the ApiError that it stands for', async () => {
  handle = (_, response) => {
    response.statusCode = 404;
    response.end(JSON.stringify(new ApiError('NotFound', 'configmaps "a" not found', { details: { name: 'a' } }).toStatus()));
  };
  const { client } = connect();
  const error = await client.get(configMaps, 'a', { namespace: 'n', signal }).catch((e: unknown) => e);
  expect(isNotFound(error)).toBe(true);
  expect((error as ApiError).details?.name).toBe('a');
});

test('a watch yields events however the stream is cut, and throws the ERROR event', async () => {
  handle = (_, response) => {
    const text = `${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'größe' } } })}\n${JSON.stringify({
      type: 'ERROR',
      object: { kind: 'Status', reason: 'Expired', code: 410, message: 'too old' },
    })}\n`;
    const bytes = Buffer.from(text);
    response.write(bytes.subarray(0, 42));
    setImmediate(() => response.end(bytes.subarray(42)));
  };
  const { client } = connect();
  const names: unknown[] = [];
  const error = await (async () => {
    for await (const event of client.watch(configMaps, { signal }))
      names.push((event.object as { metadata: { name: string } }).metadata.name);
  })().catch((e: unknown) => e);
  expect(names).toEqual(['größe']);
  expect(isExpired(error)).toBe(true);
});

test('a watch that falls silent ends, so that its informer resumes', async () => {
  const clock = fakeClock();
  let opened = () => {};
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  handle = (_, response) => {
    response.flushHeaders();
    opened();
  };
  const { client } = connect(undefined, undefined, clock);
  const ended = (async () => {
    for await (const _ of client.watch(configMaps, { signal }));
    return 'ended';
  })();
  await open;
  await clock.advance(151_000);
  expect(await ended).toBe('ended');
});

test('aborting rejects with the reason of the signal', async () => {
  handle = () => {};
  const { client } = connect();
  const stop = new AbortController();
  const call = client.get(configMaps, 'a', { namespace: 'n', signal: stop.signal });
  stop.abort(new Error('shutdown'));
  await expect(call).rejects.toThrow('shutdown');
});

test('a renewed client certificate is used from the next request on', async () => {
  const fingerprints: string[] = [];
  handle = (request, response) => {
    fingerprints.push((request.socket as TLSSocket).getPeerCertificate().subject.CN as string);
    response.end('{}');
  };
  const { first, second } = certificates;
  let current = first;
  const { client, transport } = connect(() => current);
  await client.get(namespaces, 'a', { signal });
  current = second;
  await client.get(namespaces, 'a', { signal });
  transport[Symbol.dispose]();
  expect(fingerprints).toEqual(['first', 'second']);
});

test('a server whose certificate another CA signed is refused', async () => {
  const { client } = connect(undefined, certificates.otherCa);
  await expect(client.get(namespaces, 'a', { signal })).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
});

test('lines end where newlines are, wherever chunks end', async () => {
  async function* chunks() {
    for (const byte of Buffer.from('{"a":"ä"}\n\n{"b":1}\n')) yield Buffer.from([byte]);
  }
  const values: unknown[] = [];
  for await (const value of jsonLines(chunks())) values.push(value);
  expect(values).toEqual([{ a: 'ä' }, { b: 1 }]);
});
