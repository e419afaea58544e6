import { connect as connectH2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { ApiServerOptions } from '../server.ts';
import { CONNECTION_LIMITS } from './connection-limits.ts';
import { type FakeServer, serve } from './fake-server.ts';

let fake: FakeServer;
const sockets: TLSSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await fake.stop();
});

const start = async (options: Partial<ApiServerOptions> = {}) => {
  fake = await serve(options);
};

interface Raw {
  readonly socket: TLSSocket;
  readonly text: () => string;
  /** When the server has closed the connection. */
  readonly closed: Promise<void>;
}

async function open({ alpn = 'http/1.1' } = {}): Promise<Raw> {
  const socket = connect({ host: '127.0.0.1', port: fake.port, rejectUnauthorized: false, ALPNProtocols: [alpn] });
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => void socket.once('secureConnect', resolve).once('close', resolve));
  return { socket, text: () => text, closed };
}

async function send(head: string): Promise<string> {
  const { socket, text, closed } = await open();
  socket.write(head);
  await closed;
  return text();
}

const othersAreServed = async () => expect((await fake.call('/livez')).code).toBe(200);
const HOST = 'Host: x\r\nAuthorization: me\r\nConnection: close\r\n';
const MAPS = '/api/v1/namespaces/default/configmaps';
const jsonPost = { method: 'POST', headers: { 'content-type': 'application/json' } };

describe('a request that is too large', () => {
  it('in its header fields is answered 431', async () => {
    await start();
    expect(await send(`GET /version HTTP/1.1\r\n${HOST}X-Large: ${'x'.repeat(70_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    await othersAreServed();
  });

  it('in its URL is answered 414, as a Status', async () => {
    await start();
    const { code, json } = await fake.call(`/api/v1/pods?labelSelector=${'a'.repeat(40_000)}`);
    expect([code, json().kind, json().message]).toEqual([414, 'Status', 'the request URI is too long: limit is 32768']);
    await othersAreServed();
  });

  it('in its body is answered 413 before all of it was sent', async () => {
    await start();
    const length = 100 * 1024 * 1024;
    const answer = await send(`POST ${MAPS} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('Request entity too large: limit is 3145728');
    await othersAreServed();
  });

  it('in what would be stored is answered 413 in the words of etcd', async () => {
    await start();
    const { code, json } = await fake.call('/apis/coordination.k8s.io/v1/namespaces/default/leases', {
      ...jsonPost,
      body: JSON.stringify({ metadata: { name: 'a' }, spec: { holderIdentity: 'x'.repeat(1_600_000) } }),
    });
    expect([code, json().reason, json().message]).toEqual([413, 'RequestEntityTooLarge', 'etcdserver: request is too large']);
    await othersAreServed();
  });

  it.each([
    ['JSON', 'application/json', '{"metadata":{"name":"a"},"data":'.concat('{"a":'.repeat(100_000))],
    ['closed JSON', 'application/json', `{"metadata":{"name":"a"},"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['JSON of an unknown field', 'application/json', `{"metadata":{"name":"a"},"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
    ['YAML', 'application/yaml', `metadata: {name: a}\ndata: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ])('in its depth is refused: %s', async (_, type, body) => {
    await start();
    const { code, json } = await fake.call(MAPS, { method: 'POST', headers: { 'content-type': type }, body });
    expect([code, json().kind]).toEqual([400, 'Status']);
    await othersAreServed();
  });

  it.each([
    ['application/merge-patch+json', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['application/strategic-merge-patch+json', `{"data":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`],
    ['application/json-patch+json', `[{"op":"add","path":"/data/x","value":${'['.repeat(50_000)}${']'.repeat(50_000)}}]`],
    ['application/apply-patch+yaml', `{"data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ])('in the depth of a patch is refused: %s', async (type, body) => {
    await start();
    await fake.call(MAPS, { ...jsonPost, body: '{"metadata":{"name":"a"},"data":{"k":"v"}}' });
    const { code, json } = await fake.call(`${MAPS}/a?fieldManager=me`, { method: 'PATCH', headers: { 'content-type': type }, body });
    expect([json().kind, code >= 400 && code < 500]).toEqual(['Status', true]);
    await othersAreServed();
  });

  it('in the operations of a JSON patch is answered 413', async () => {
    await start();
    await fake.call(MAPS, { ...jsonPost, body: '{"metadata":{"name":"a"}}' });
    const body = JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })));
    const { code, json } = await fake.call(`${MAPS}/a`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json-patch+json' },
      body,
    });
    expect([code, json().message]).toEqual([413, 'The allowed maximum operations in a JSON patch is 10000, got 10001']);
  });
});

describe('a request that takes too long', () => {
  const stuck = { name: 'Stuck', validate: () => new Promise<void>(() => {}) };

  it('is answered 504 as upstream does, sooner when the client asks for it, and its seat is given back', async () => {
    await start({ admission: [stuck], requestTimeoutMs: 300, flow: { seats: 1 } });
    const body = '{"metadata":{"name":"a"}}';
    for (const query of ['', '?timeout=50ms']) {
      const { code, text, headers } = await fake.call(`${MAPS}${query}`, { ...jsonPost, body });
      expect([code, headers['content-type'], text]).toEqual([
        504,
        'text/plain; charset=utf-8',
        '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
      ]);
      expect(headers.connection).toBe('close');
    }
    const about = 'verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver"';
    expect((await fake.call('/metrics')).text).toContain(`apiserver_request_terminations_total{${about},code="504"} 2\n`);
    await othersAreServed();
    expect((await fake.call(`${MAPS}?timeout=soon`)).json().message).toMatch('invalid timeout specified in the request URL');
  });

  it.each([
    ['soon', 400],
    ['-1s', 200],
    ['0s', 200],
    ['3m', 200],
  ])('is refused where the client names no time for it, of documents too: %s', async (timeout, code) => {
    await start({ requestTimeoutMs: 300 });
    expect((await fake.call(`/metrics?timeout=${timeout}`)).code).toBe(code);
  });

  it('because its body comes drop by drop is answered 504 and cut', async () => {
    await start({ requestTimeoutMs: 200 });
    const answer = send(`POST ${MAPS} HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\n{`);
    await othersAreServed();
    expect(await answer).toMatch(/^HTTP\/1\.1 504 /);
  });

  it('does not hit watches', async () => {
    await start({ requestTimeoutMs: 50 });
    const { socket, text } = await open();
    socket.write(`GET ${MAPS}?watch=1 HTTP/1.1\r\n${HOST}\r\n`);
    await vi.waitFor(() => expect(text()).toContain('200 OK'));
    await systemClock.sleep(150, { signal: new AbortController().signal });
    await fake.call(MAPS, { ...jsonPost, body: '{"metadata":{"name":"late"}}' });
    await vi.waitFor(() => expect(text()).toContain('"late"'));
  });
});

describe('connections', () => {
  it('beyond the limit of one address, and beyond all, are cut before they cost a handshake', async () => {
    await start({ connectionLimits: { ...CONNECTION_LIMITS, perAddress: 3 } });
    const kept = [await open(), await open(), await open()];
    const late = await open();
    await late.closed;
    expect(late.socket.authorized || late.text()).toBeFalsy();
    kept[0]?.socket.destroy();
    await kept[0]?.closed;
    await vi.waitFor(othersAreServed);
  });

  it('over h2 without a preface, and without streams for long, are ended', async () => {
    await start({ connectionLimits: { ...CONNECTION_LIMITS, prefaceMs: 100, idleMs: 200 } });
    const silent = await open({ alpn: 'h2' });
    await silent.closed;
    const idle = connectH2(`https://127.0.0.1:${fake.port}`, { rejectUnauthorized: false });
    const ended = new Promise<void>((resolve) => void idle.once('close', () => resolve()));
    const stream = idle.request({ ':path': '/livez' });
    stream.resume();
    await new Promise((resolve) => stream.once('end', resolve));
    await ended;
    await othersAreServed();
  });

  it('over h2 that open and reset streams without end are told to go away', async () => {
    await start();
    const flood = connectH2(`https://127.0.0.1:${fake.port}`, { rejectUnauthorized: false });
    flood.on('error', () => {});
    const ended = new Promise<void>((resolve) => void flood.once('close', () => resolve()));
    let sent = 0;
    const burst = () => {
      for (let i = 0; i < 50 && !flood.closed && !flood.destroyed; i += 1) {
        const stream = flood.request({ ':path': `${MAPS}?watch=1`, authorization: 'me' });
        stream.on('error', () => {});
        // Once the request is on the wire: what is reset before is never sent.
        stream.once('response', () => stream.close(8));
        sent += 1;
      }
      if (!flood.closed && !flood.destroyed && sent < 20_000) setTimeout(burst, 20);
    };
    burst();
    await ended;
    expect(sent).toBeLessThan(20_000);
    await othersAreServed();
  });

  it('hold as many watches as a user may have', async () => {
    await start({ watchLimits: { total: 10, perUser: 2 } });
    const watch = async () => {
      const raw = await open();
      raw.socket.write(`GET ${MAPS}?watch=1 HTTP/1.1\r\n${HOST}\r\n`);
      await vi.waitFor(() => expect(raw.text()).toMatch(/^HTTP/));
      return raw;
    };
    const [first] = [await watch(), await watch()];
    const third = await fake.call(`${MAPS}?watch=1`);
    expect([third.code, third.json().message]).toEqual([429, '"me" has 2 watches open: limit is 2']);
    first?.socket.destroy();
    await vi.waitFor(async () => expect((await watch()).text()).toMatch(/^HTTP\/1\.1 200/));
  });
});

it('writes a watch without chunks for a client that knows none', async () => {
  await start();
  await fake.call(MAPS, { ...jsonPost, body: '{"metadata":{"name":"a"}}' });
  const watch = await open();
  watch.socket.write(`GET ${MAPS}?watch=1&timeoutSeconds=1 HTTP/1.0\r\n${HOST}\r\n`);
  await watch.closed;
  const [, body = ''] = watch.text().split('\r\n\r\n');
  expect(JSON.parse(body)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
});

describe('a server that stops', () => {
  it('ends watches in order, lets requests end, and takes no more', async () => {
    const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const validate = () => {
      begun.resolve();
      return released.promise;
    };
    await start({ admission: [{ name: 'Slow', validate }] });
    const watch = await open();
    watch.socket.write(`GET ${MAPS}?watch=1 HTTP/1.1\r\n${HOST}\r\n`);
    await vi.waitFor(() => expect(watch.text()).toContain('200 OK'));
    const waiting = fake.call(MAPS, { ...jsonPost, body: '{"metadata":{"name":"a"}}' });
    await begun.promise;
    const stopped = fake.stop();
    await watch.closed;
    // The last chunk: the watch was ended, not cut.
    expect(watch.text()).toMatch(/0\r\n\r\n$/);
    released.resolve();
    expect((await waiting).code).toBe(201);
    await stopped;
    await expect(fake.call('/livez')).rejects.toThrow();
  });

  it('is not ready before it stops serving', async () => {
    await start({ shutdownDelayMs: 300 });
    const stopped = fake.stop();
    await vi.waitFor(async () => expect((await fake.call('/readyz')).code).toBe(500));
    expect((await fake.call('/version')).code).toBe(404);
    await stopped;
  });
});
