import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { systemClock } from '../../base/clock.ts';
import { fakeReader } from '../fake-reader.ts';
import { bodyOf, type FakeHttpsServer, fakeHttpsServer } from './fake-https-server.ts';
import { certifyNamesake } from './fake-namesake.ts';
import { createOutbound, type Outbound, type OutboundEndpoint } from './outbound.ts';
import { type ServiceReference, serviceAddress } from './service-endpoint.ts';

const service = (name: string, spec: object): KubeObject => ({ metadata: { name, namespace: 'default' }, spec }) as KubeObject;
const slice = (name: string, port: number, addresses: readonly (readonly [string, boolean?])[], addressType = 'IPv4'): KubeObject =>
  ({
    metadata: { name: `${name}-${addressType}`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType,
    ports: [{ name: 'https', port }],
    endpoints: addresses.map(([address, ready]) => ({ addresses: [address], conditions: { ready } })),
  }) as KubeObject;
const https = { ports: [{ name: 'https', port: 443 }], clusterIP: '10.43.0.9' };

describe('the address of a Service', () => {
  const reader = fakeReader({
    services: [
      service('web', { ...https, ipFamilies: ['IPv6'] }),
      service('alone', https),
      service('headless', { ...https, clusterIP: 'None' }),
      service('away', { type: 'ExternalName', externalName: 'hooks.example.com' }),
      service('down', https),
    ],
    'endpointslices.discovery.k8s.io': [
      slice('web', 8443, [['192.0.2.1'], ['192.0.2.2', false]]),
      slice('web', 9443, [['2001:db8::1', true]], 'IPv6'),
      slice('down', 8443, [['192.0.2.3', false]]),
    ],
  });
  const find = (name: string, rest: Partial<ServiceReference> = {}, pick = () => 0) =>
    serviceAddress(reader, { namespace: 'default', name, ...rest }, pick);

  it('is a ready endpoint, of the first family of the Service when there is one', () => {
    expect(find('web')).toEqual({ host: '2001:db8::1', port: 9443 });
    expect(find('web', {}, () => 0.99)).toEqual({ host: '2001:db8::1', port: 9443 });
  });
  it('is the cluster IP when nobody keeps slices for it', () => {
    expect(find('alone')).toEqual({ host: '10.43.0.9', port: 443 });
  });
  it('is the name that an ExternalName Service gives', () => {
    expect(find('away', { port: 8443 })).toEqual({ host: 'hooks.example.com', port: 8443 });
  });
  it.each([
    ['missing', {}, 'service "missing" not found'],
    ['web', { port: 80 }, 'no service port 80 found for service "web"'],
    ['down', {}, 'no endpoints available for service "down"'],
    ['headless', {}, 'no endpoints available for service "headless"'],
  ])('of %s %j is refused', (name, rest, message) => {
    expect(() => find(name, rest)).toThrow(message);
  });
});

describe('a call of the API server', () => {
  let server: FakeHttpsServer;
  let outbound: Outbound;
  let answer: (request: IncomingMessage, reply: ServerResponse) => void;
  const reader = fakeReader({});
  const json = (reply: ServerResponse, value: unknown, code = 200) =>
    reply.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));

  beforeAll(async () => {
    server = await fakeHttpsServer((request, reply) => answer(request, reply), {
      sans: ['127.0.0.1', 'hook.default.svc'],
    });
    reader.set('services', [service('hook', https), service('other', https)]);
    reader.set('endpointslices.discovery.k8s.io', [
      slice('hook', server.port, [['127.0.0.1']]),
      slice('other', server.port, [['127.0.0.1']]),
    ]);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    outbound = createOutbound({ objects: reader, clock: systemClock, random: () => 0 });
  });
  afterEach(() => outbound[Symbol.dispose]());

  const never = new AbortController().signal;
  const post = (endpoint: Partial<OutboundEndpoint>, rest: { timeoutMs?: number; maxAnswerBytes?: number; signal?: AbortSignal } = {}) =>
    outbound.postJson(
      { target: { url: `${server.url}/hook` }, caBundle: server.caPem, ...endpoint },
      { body: { ask: 'this' }, timeoutMs: 10_000, signal: never, ...rest },
    );

  it('posts JSON, says its timeout, and answers with what came back', async () => {
    answer = async (request, reply) => {
      const { method, url, headers } = request;
      json(reply, { method, url, type: headers['content-type'], host: headers.host, body: JSON.parse(await bodyOf(request)) });
    };
    expect(await post({})).toEqual({
      method: 'POST',
      url: '/hook?timeout=10s',
      type: 'application/json',
      host: `127.0.0.1:${server.port}`,
      body: { ask: 'this' },
    });
  });

  it('reaches a Service at an endpoint under the name of the Service, and keeps the connection', async () => {
    answer = async (request, reply) => {
      await bodyOf(request);
      json(reply, { host: request.headers.host, url: request.url });
    };
    const target = { service: { namespace: 'default', name: 'hook', path: '/validate' } };
    const before = server.connections();
    expect(await post({ target })).toEqual({ host: 'hook.default.svc:443', url: '/validate?timeout=10s' });
    await post({ target });
    await post({ target });
    expect(server.connections() - before).toBe(1);
  });

  it('is made again when the kept connection was closed meanwhile', async () => {
    answer = (_, reply) => void json(reply, { fine: true });
    await post({});
    const before = server.connections();
    server.cut();
    expect(await post({})).toEqual({ fine: true });
    expect(server.connections() - before).toBe(1);
  });

  it('shows a bearer token', async () => {
    answer = (request, reply) => void json(reply, { authorization: request.headers.authorization });
    expect(await post({ credentials: { token: 'abc' } })).toEqual({ authorization: 'Bearer abc' });
  });

  it('does not look at the certificate when told so', async () => {
    answer = (_, reply) => void json(reply, {});
    expect(await post({ caBundle: undefined, skipVerification: true })).toEqual({});
  });

  it.each([
    [
      'to a server that nobody vouches for',
      { caBundle: undefined },
      'Unreachable',
      /^Post "https:\/\/127\.0\.0\.1:\d+\/hook\?timeout=10s": tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
    ],
    [
      'to a Service whose certificate is for another name',
      { target: { service: { namespace: 'default', name: 'other' } } },
      'Unreachable',
      /^Post "https:\/\/other\.default\.svc:443\/\?timeout=10s": tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match other\.default\.svc$/,
    ],
    [
      'to a Service that is not there',
      { target: { service: { namespace: 'default', name: 'gone', port: 8443 } } },
      'Unreachable',
      /^Post "https:\/\/gone\.default\.svc:8443\/\?timeout=10s": service "gone" not found$/,
    ],
    ['to what is no https URL', { target: { url: 'http://x' } }, 'Unreachable', /^Unparsable URL: http:\/\/x$/],
  ])('%s fails', async (_, endpoint, reason, message) => {
    answer = (_request, reply) => void json(reply, {});
    await expect(post(endpoint)).rejects.toMatchObject({ name: 'OutboundError', reason, message: expect.stringMatching(message) });
  });

  it("to a closed port, or to one that does not speak TLS, fails in Go's words", async () => {
    const plain = createServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => void plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as { port: number };
    const url = `https://127.0.0.1:${port}/`;
    await expect(post({ target: { url } })).rejects.toThrow('tls: first record does not look like a TLS handshake');
    await new Promise((resolve) => void plain.close(resolve));
    await expect(post({ target: { url } })).rejects.toThrow(
      `Post "${url}?timeout=10s": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
  });

  it('that takes too long ends at its deadline, and at once when the caller gives up', async () => {
    answer = () => {};
    await expect(post({}, { timeoutMs: 50 })).rejects.toMatchObject({
      reason: 'DeadlineExceeded',
      message: `Post "${server.url}/hook?timeout=1s": context deadline exceeded`,
    });
    const caller = new AbortController();
    const call = post({}, { signal: caller.signal });
    caller.abort();
    await expect(call).rejects.toMatchObject({ reason: 'Canceled', message: expect.stringContaining('context canceled') });
  });

  it.each([
    [500, 'text/plain', 'boom', 'an error on the server ("boom") has prevented the request from succeeding'],
    [404, 'text/html', '<html>', 'the server could not find the requested resource'],
    [302, 'text/plain', '', 'the server responded with the status code 302 but did not return more information'],
    [403, 'text/plain', 'not you', 'not you'],
    [400, 'application/json', '{"kind":"Status","message":"say please","reason":"BadRequest"}', 'say please'],
  ])('that is answered with %i fails with what the answer says', async (code, type, body, message) => {
    answer = (_, reply) => void reply.writeHead(code, { 'content-type': type }).end(body);
    await expect(post({})).rejects.toMatchObject({ reason: 'Status', message, status: { code } });
  });

  describe('that is sent elsewhere', () => {
    const seen: (string | undefined)[][] = [];
    const ending = (location: string, code: number) => async (request: IncomingMessage, reply: ServerResponse) => {
      const { method, url, headers } = request;
      seen.push([method, url, await bodyOf(request), headers['content-type'], headers.referer, headers.authorization]);
      if (url === '/there') json(reply, { fine: true });
      else reply.writeHead(code, { location }).end();
    };
    beforeEach(() => void seen.splice(0));

    it.each([
      [302, 'GET', '', undefined],
      [307, 'POST', '{"ask":"this"}', 'application/json'],
    ])('by %i goes there with %s', async (code, method, body, type) => {
      answer = ending('/there', code);
      expect(await post({ credentials: { token: 'abc' } })).toEqual({ fine: true });
      expect(seen.at(-1)).toEqual([method, '/there', body, type, `${server.url}/hook?timeout=10s`, 'Bearer abc']);
    });

    it('goes to another host as well, without its token, and wants a certificate for the Service still', async () => {
      await using other = await fakeHttpsServer((request, reply) => answer(request, reply));
      answer = ending(`${other.url}/there`, 308);
      expect(await post({ caBundle: server.caPem + other.caPem, credentials: { token: 'abc' } })).toEqual({ fine: true });
      expect(seen.at(-1)?.at(-1)).toBeUndefined();
      const target = { service: { namespace: 'default', name: 'hook' } };
      await expect(post({ target, caBundle: server.caPem + other.caPem })).rejects.toThrow(
        `Post "${other.url}/there": tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match hook.default.svc`,
      );
    });

    it('for ever fails', async () => {
      answer = ending('/on', 307);
      await expect(post({})).rejects.toThrow('Post "/on": stopped after 10 redirects');
      expect(seen).toHaveLength(10);
    });

    it('nowhere is refused', async () => {
      answer = ending('', 302);
      await expect(post({})).rejects.toThrow('the server responded with the status code 302 but did not return more information');
    });
  });

  describe('whose other side says when it may be asked again', () => {
    it.each([429, 503])('is made again after %i, ten times at most', async (code) => {
      let asked = 0;
      answer = (_, reply) => {
        asked += 1;
        if (asked < 4) reply.writeHead(code, { 'retry-after': '0' }).end();
        else json(reply, { asked });
      };
      expect(await post({})).toEqual({ asked: 4 });
      answer = (_, reply) => {
        asked += 1;
        reply.writeHead(code, { 'retry-after': '-1', 'content-type': 'text/plain' }).end('busy');
      };
      await expect(post({})).rejects.toMatchObject({ reason: 'Status', status: { code } });
      expect(asked).toBe(4 + 11);
    });

    it('is made once when that is no number of seconds, or the answer no failure that passes', async () => {
      let asked = 0;
      answer = (request, reply) => {
        asked += 1;
        const [code, after] = (request.url ?? '').slice(1).split(/[_?]/);
        reply.writeHead(Number(code), after === 'never' ? {} : { 'retry-after': after }).end();
      };
      for (const path of ['429_never', '429_Mon,%2030%20Nov', '404_0', '302_0']) {
        await expect(post({ target: { url: `${server.url}/${path}` } })).rejects.toMatchObject({ reason: 'Status' });
      }
      expect(asked).toBe(4);
    });

    it('ends at its deadline', async () => {
      answer = (_, reply) => void reply.writeHead(429, { 'retry-after': '99999999999' }).end();
      await expect(post({}, { timeoutMs: 50 })).rejects.toMatchObject({
        reason: 'DeadlineExceeded',
        message: `Post "${server.url}/hook?timeout=1s": context deadline exceeded`,
      });
    });
  });

  it('that is answered with garbage, with too much, or with half of it fails', async () => {
    answer = (_, reply) => void reply.end('<html>');
    await expect(post({})).rejects.toMatchObject({
      reason: 'Undecodable',
      message: expect.stringContaining("couldn't get version/kind; json parse error"),
    });
    answer = (_, reply) => void reply.end(JSON.stringify('x'.repeat(5000)));
    await expect(post({}, { maxAnswerBytes: 4096 })).rejects.toMatchObject({ reason: 'TooLarge' });
    answer = (request, reply) => {
      reply.writeHead(200, { 'content-length': 100 }).write('{"half":', () => request.socket.destroy());
    };
    await expect(post({})).rejects.toMatchObject({ reason: 'Unreachable' });
  });

  describe('to a server whose certificate has the name of its CA', () => {
    const heard: string[] = [];
    const start = async (sans: readonly string[]) =>
      fakeHttpsServer(
        async (request, reply) => {
          heard.push(await bodyOf(request));
          json(reply, { fine: true });
        },
        { certified: await certifyNamesake({ sans }) },
      );
    const ask = ({ url }: FakeHttpsServer, caBundle: string) => post({ target: { url }, caBundle });

    it('is made, and its connection kept', async () => {
      await using namesake = await start(['127.0.0.1']);
      expect(await ask(namesake, namesake.caPem)).toEqual({ fine: true });
      const before = namesake.connections();
      expect(await ask(namesake, namesake.caPem)).toEqual({ fine: true });
      expect(namesake.connections()).toBe(before);
    });

    it('is refused once at most, and looked at anew on each connection', async () => {
      await using namesake = await start(['127.0.0.1']);
      let refusals = 0;
      namesake.server.on('tlsClientError', () => {
        refusals += 1;
      });
      for (let i = 0; i < 3; i += 1) {
        await ask(namesake, namesake.caPem);
        namesake.cut();
      }
      expect(refusals).toBe(1);
      const { certPem: cert, keyPem: key } = await certifyNamesake();
      namesake.server.setSecureContext({ cert, key });
      await expect(ask(namesake, namesake.caPem)).rejects.toThrow('x509: certificate signed by unknown authority');
    });

    it('tells it nothing when another CA signed it, or when it is for another host', async () => {
      await using namesake = await start(['127.0.0.1']);
      await using stranger = await start(['192.0.2.1']);
      heard.length = 0;
      await expect(ask(namesake, stranger.caPem)).rejects.toThrow('x509: certificate signed by unknown authority');
      await expect(ask(stranger, stranger.caPem)).rejects.toThrow('certificate is not valid for any names, but wanted to match 127.0.0.1');
      expect(heard).toEqual([]);
    });
  });

  it('trusts a certificate of the bundle that another issued', async () => {
    const certified = await certifyNamesake({ name: 'CN=server', caName: 'CN=a CA that nobody knows' });
    await using pinned = await fakeHttpsServer((_, reply) => void json(reply, { fine: true }), { certified });
    expect(await post({ target: { url: pinned.url }, caBundle: certified.certPem })).toEqual({ fine: true });
  });

  it('ends at its deadline also while the handshake is under way', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const call = post({ target: { url: `https://127.0.0.1:${port}/` } }, { timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ reason: 'DeadlineExceeded' });
    await new Promise((resolve) => void silent.close(resolve));
  });
});
