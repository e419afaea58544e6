import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { type FakeReader, fakeReader } from '../fake-reader.ts';
import { createDialer } from './kubelet.ts';
import { parseProxyName, proxyStreams } from './proxy.ts';

describe('the name of what is proxied to', () => {
  it('may have a scheme in front and a port behind', () => {
    expect(parseProxyName('web')).toEqual({ scheme: 'http', name: 'web', port: '' });
    expect(parseProxyName('web:metrics')).toEqual({ scheme: 'http', name: 'web', port: 'metrics' });
    expect(parseProxyName('https:web:8443')).toEqual({ scheme: 'https', name: 'web', port: '8443' });
    expect(parseProxyName('https:web:')).toEqual({ scheme: 'https', name: 'web', port: '' });
    expect(parseProxyName(':web:80')).toEqual({ scheme: 'http', name: 'web', port: '80' });
  });

  it.each(['', ':80', 'ftp:web:21', 'http::80', 'a:b:c:d'])('is refused when it is %j', (text) => {
    expect(() => parseProxyName(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });
});

describe('the way to a kubelet', () => {
  const node = (status: object): KubeObject => ({ metadata: { name: 'n1' }, status }) as KubeObject;
  const target = (status: object) =>
    createDialer(fakeReader({ nodes: [node(status)] }), () => ({ ca: '', cert: '', key: '' })).nodeTarget('n1');
  const address = (type: string, text: string) => ({ type, address: text });

  it('leads to the internal address first, and to the port that the node says', () => {
    const addresses = [address('Hostname', 'box'), address('ExternalIP', '198.51.100.1'), address('InternalIP', '192.0.2.1')];
    expect(target({ addresses })).toEqual({ protocol: 'https:', host: '192.0.2.1', port: 10250, tls: 'kubelet' });
    const daemonEndpoints = { kubeletEndpoint: { Port: 40_000 } };
    expect(target({ addresses: addresses.slice(0, 2), daemonEndpoints })).toMatchObject({ host: '198.51.100.1', port: 40_000 });
  });

  it('is not there for a node without address, and for pods without node', () => {
    expect(() => target({})).toThrow('node n1 has no address yet');
    const dialer = createDialer(fakeReader({}), () => ({ ca: '', cert: '', key: '' }));
    expect(() => dialer.podTarget({ metadata: { name: 'web' } })).toThrow('pod web does not have a host assigned');
    expect(() => dialer.nodeTarget('n1')).toThrow(expect.objectContaining({ reason: 'NotFound' }));
  });
});

describe('a request through the proxy', () => {
  let backend: Server;
  let front: Server;
  let objects: FakeReader;
  let backendPort: number;
  const listen = async (server: Server) => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  beforeAll(async () => {
    backend = createServer((request, reply) => {
      if (request.url?.startsWith('/page')) return servePage(request.url, reply);
      if (request.url?.startsWith('/moved')) return void reply.writeHead(302, { location: '/elsewhere/' }).end();
      if (request.url?.startsWith('/way')) return void reply.end(JSON.stringify(request.headers));
      const { authorization, 'x-mine': mine } = request.headers;
      reply.writeHead(418, { 'x-backend': 'yes' }).end(JSON.stringify({ url: request.url, authorization, mine }));
    });
    backendPort = await listen(backend);
    const pod = { metadata: { name: 'web', namespace: 'default' }, status: { podIP: '127.0.0.1' } };
    const service = { metadata: { name: 'web', namespace: 'default' }, spec: { ports: [{ name: 'http', port: 80 }] } };
    const labels = { 'kubernetes.io/service-name': 'web' };
    const endpoints = [{ addresses: ['192.0.2.99'], conditions: { ready: false } }, { addresses: ['127.0.0.1'] }];
    const slice = { metadata: { name: 'web-1', namespace: 'default', labels }, ports: [{ name: 'http', port: backendPort }], endpoints };
    const idle = { metadata: { name: 'idle', namespace: 'default' }, spec: { ports: [{ port: 80 }] } };
    objects = fakeReader({
      pods: [pod as KubeObject],
      services: [service, idle] as KubeObject[],
      'endpointslices.discovery.k8s.io': [slice as KubeObject],
    });
    front = createServer((raw, reply) => void answer(raw, reply));
  });

  afterAll(() => {
    for (const server of [front, backend]) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** Gzip where the path asks for it; the charset behind `charset=`. */
  function servePage(url: string, reply: ServerResponse): void {
    const page = Buffer.from(
      '<!DOCTYPE html><p>ä &amp; <A HREF="/next?a=1&amp;b=2" class=x>on</A> <img src=pic.png> <script>a("/x")</script>',
    );
    const charset = /charset=(.*)$/.exec(url)?.[1] ?? 'utf-8';
    const packed = url.includes('gzip');
    const headers = { 'content-type': `text/html; charset=${charset}`, 'access-control-allow-origin': '*', etag: '"1"' };
    reply.writeHead(200, { ...headers, ...(packed && { 'content-encoding': 'gzip' }) }).end(packed ? gzipSync(page) : page);
  }

  async function answer(raw: IncomingMessage, reply: ServerResponse): Promise<void> {
    const [, resource = '', name] = (raw.url ?? '').split('/');
    const streams = proxyStreams(
      createDialer(objects, () => ({ ca: '', cert: '', key: '' })),
      objects,
      () => 0.5,
    );
    const request = {
      verb: 'get',
      group: '',
      version: 'v1',
      resource,
      namespace: 'default',
      name: decodeURIComponent(name ?? ''),
    } as const;
    const context = { user: { name: 'u', groups: [] }, signal: new AbortController().signal, userAgent: 'test', warn: () => {} };
    const url = new URL(raw.url ?? '/', 'https://server');
    try {
      await streams[`${resource}/proxy`]?.handle({ request, context, raw, url, reply, upgrade: undefined });
    } catch (error) {
      reply.writeHead(500).end((error as Error).message);
    }
  }

  const ask = async (path: string) => {
    const port = front.listening ? (front.address() as AddressInfo).port : await listen(front);
    const headers = { authorization: 'Bearer secret', 'x-mine': 'kept' };
    return fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' });
  };

  it('reaches a pod with the rest of the path and the query, without the credentials that were for us', async () => {
    const response = await ask(`/pods/web:${backendPort}/proxy/a/proxy/b?c=d`);
    expect([response.status, response.headers.get('x-backend')]).toEqual([418, 'yes']);
    expect(await response.json()).toEqual({ url: '/a/proxy/b?c=d', mine: 'kept' });
  });

  it('reaches a ready endpoint of a Service, by the name or number of its port', async () => {
    for (const name of ['web', 'web:http', 'web:80']) {
      const response = await ask(`/services/${name}/proxy/`);
      expect(await response.json()).toMatchObject({ url: '/' });
    }
  });

  it('is sent to the directory when it asks for the backend itself, since links are relative to it', async () => {
    const response = await ask(`/pods/web:${backendPort}/proxy?a=b`);
    expect([response.status, response.headers.get('location')]).toEqual([301, `/pods/web:${backendPort}/proxy/?a=b`]);
  });

  it('gets pages whose links lead through the proxy again, packed or not, and the backend allows other sites nothing', async () => {
    const prefix = `/pods/web:${backendPort}/proxy`;
    const link = `<a href="${prefix}/next?a=1&amp;b=2" class="x">on</A>`;
    for (const path of ['/page', '/page/gzip']) {
      const response = await ask(`${prefix}${path}`);
      expect(await response.text()).toBe(`<!DOCTYPE html><p>ä &amp; ${link} <img src=pic.png> <script>a("/x")</script>`);
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
      expect(response.headers.get('etag')).toBe('"1"');
    }
    expect(await (await ask(`${prefix}/page?charset=latin1`)).text()).toContain('<A HREF="/next');
    const moved = await ask(`${prefix}/moved`);
    expect([moved.status, moved.headers.get('location')]).toEqual([302, `${prefix}/elsewhere/`]);
  });

  it('tells the backend whom the client called, from where, and by which path', async () => {
    const prefix = `/pods/web:${backendPort}/proxy`;
    const seen = (await (await ask(`${prefix}/way/`)).json()) as Record<string, string>;
    const { port } = front.address() as AddressInfo;
    expect(seen).toMatchObject({ host: `127.0.0.1:${port}`, 'x-forwarded-for': '127.0.0.1', 'x-forwarded-uri': `${prefix}/way/` });
  });

  it('says what is missing', async () => {
    expect(await (await ask('/services/idle/proxy/')).text()).toBe('no endpoints available for service "idle"');
    expect(await (await ask('/services/web:81/proxy')).text()).toBe('no service port "81" found for service "web"');
    expect(await (await ask('/pods/web:metrics/proxy')).text()).toBe('pod web has no port metrics');
    expect(await (await ask('/pods/gone/proxy')).text()).toBe('pods "gone" not found');
  });
});
