import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Duplex, duplexPair, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { fakeReader } from '../fake-reader.ts';
import type { SendOptions } from '../outbound/connection.ts';
import type { Dialer, Target } from './kubelet.ts';
import { containerOf, podStreams } from './pod-streams.ts';
import { FakeSpdyPeer } from './spdy/fake-peer.ts';

const named = (...names: string[]) => names.map((name) => ({ name, image: 'x' }));
const pod = (containers: string[], rest: { preferred?: string; init?: string[]; debug?: string[] } = {}): Pod =>
  ({
    metadata: { name: 'web', annotations: rest.preferred ? { 'kubectl.kubernetes.io/default-container': rest.preferred } : {} },
    spec: {
      containers: named(...containers),
      initContainers: named(...(rest.init ?? [])),
      ephemeralContainers: named(...(rest.debug ?? [])),
    },
  }) as Pod;

describe('the container that is meant', () => {
  it('is the one that is named, also among init and debug containers', () => {
    const many = pod(['a', 'b'], { init: ['setup'], debug: ['shell'] });
    expect(['b', 'setup', 'shell'].map((name) => containerOf(many, name))).toEqual(['b', 'setup', 'shell']);
  });

  it('is the only one when none is named, whatever init containers there are', () => {
    expect(containerOf(pod(['a'], { init: ['setup'] }), null)).toBe('a');
    expect(containerOf(pod(['a']), '')).toBe('a');
  });

  it('is the annotated one of several, if it exists', () => {
    expect(containerOf(pod(['a', 'b'], { preferred: 'b' }), null)).toBe('b');
    expect(() => containerOf(pod(['a', 'b'], { preferred: 'c' }), null)).toThrow(
      'a container name must be specified for pod web, choose one of: [a b]',
    );
  });

  it('must exist', () => {
    expect(() => containerOf(pod(['a']), 'b')).toThrow('container b is not valid for pod web');
  });
});

describe('logs over WebSocket', () => {
  let server: Server;
  let asked: SendOptions | undefined;

  beforeEach(async () => {
    const target: Target = { protocol: 'https:', host: 'n1', port: 10250, tls: 'kubelet' };
    const dialer: Dialer = {
      nodeTarget: () => target,
      podTarget: () => target,
      upgrade: () => Promise.reject(new Error('logs are a request')),
      async request(_, options) {
        asked = options;
        return Object.assign(Readable.from([Buffer.from('one\n'), Buffer.from('two\n')]), {
          statusCode: 200,
        }) as unknown as IncomingMessage;
      },
    };
    const scheduled = { ...pod(['main']), metadata: { name: 'web', namespace: 'default' } } as Pod;
    const objects = fakeReader({ pods: [{ ...scheduled, spec: { ...scheduled.spec, nodeName: 'n1' } } as KubeObject] });
    server = createServer();
    server.on('upgrade', async (raw, socket, head) => {
      const at = { group: '', version: 'v1', resource: 'pods', subresource: 'log', namespace: 'default', name: 'web' };
      const context = { user: { name: 'u', groups: [] }, signal: new AbortController().signal, userAgent: 'test', warn: () => {} };
      const url = new URL(raw.url ?? '/', 'https://server');
      const handling = { request: { verb: 'get', ...at } as const, context, raw, url, reply: undefined, upgrade: { socket, head } };
      await podStreams(dialer, objects)
        ['pods/log']?.handle(handling)
        .catch(() => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => void server.close());

  const read = async (protocols: string[]) => {
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/log?follow=true`, protocols);
    const heard: string[] = [];
    client.on('message', (data: Buffer, isBinary) => heard.push(`${isBinary ? 'binary' : 'text'} ${data}`));
    client.on('error', () => {});
    const code = await new Promise<number>((resolve) => client.on('close', resolve));
    return { code, heard, protocol: client.protocol };
  };

  it('are binary messages after an empty one, until the log ends', async () => {
    const heard = ['binary ', 'binary one\n', 'binary two\n'];
    expect(await read(['binary.k8s.io'])).toEqual({ code: 1000, protocol: 'binary.k8s.io', heard });
    expect(asked?.path).toBe('/containerLogs/default/web/main?follow=true');
    expect(await read([])).toMatchObject({ code: 1000, heard });
  });

  it('are text for who takes no other', async () => {
    expect((await read(['base64.binary.k8s.io'])).heard).toEqual(['text ', 'text b25lCg==', 'text dHdvCg==']);
  });

  it('are refused in protocols that there are not', async () => {
    expect(await read(['v4.channel.k8s.io'])).toMatchObject({ code: 1006, heard: [] });
  });
});

/** What a WebSocket server answers that takes the first protocol which it is offered (RFC 6455). */
function switched({ headers }: SendOptions): IncomingMessage {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const protocol = String(headers['sec-websocket-protocol'] ?? '').split(',')[0];
  const rawHeaders = ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Accept', accept];
  if (protocol) rawHeaders.push('Sec-WebSocket-Protocol', protocol);
  return { statusCode: 101, statusMessage: 'Switching Protocols', rawHeaders } as unknown as IncomingMessage;
}

describe('exec and port-forward over WebSocket', () => {
  let server: Server;
  let kubelet: FakeSpdyPeer | undefined;
  let dialled: SendOptions | undefined;
  let failure: unknown;

  const target: Target = { protocol: 'https:', host: 'n1', port: 10250, tls: 'kubelet' };
  const dialer: Dialer = {
    nodeTarget: () => target,
    podTarget: () => target,
    request: () => Promise.reject(new Error('exec asks for an upgrade')),
    async upgrade(_, options) {
      const [ours, theirs] = duplexPair();
      dialled = options;
      if (options.headers.upgrade) return { response: switched(options), socket: ours };
      kubelet = new FakeSpdyPeer(theirs);
      return { response: {} as IncomingMessage, socket: ours };
    },
  };

  async function handle(raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const objects = fakeReader({ pods: [{ ...pod(['main']), metadata: { name: 'web', namespace: 'default' } } as KubeObject] });
    const request = {
      verb: 'get',
      group: '',
      version: 'v1',
      resource: 'pods',
      subresource: 'exec',
      namespace: 'default',
      name: 'web',
    } as const;
    const context = { user: { name: 'u', groups: [] }, signal: new AbortController().signal, userAgent: 'test', warn: () => {} };
    const url = new URL(raw.url ?? '/', 'https://server');
    const stream = podStreams(dialer, objects)[`pods${url.pathname}`];
    try {
      await stream?.handle({ request, context, raw, url, reply: undefined, upgrade: { socket, head } });
    } catch (error) {
      failure = error;
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    }
  }

  beforeEach(async () => {
    [kubelet, dialled, failure] = [undefined, undefined, undefined];
    server = createServer();
    server.on('upgrade', (raw, socket, head) => void handle(raw, socket, head));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => void server.close());

  const connect = (protocols: string[], query: string, stream = 'exec') =>
    new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/${stream}?${query}`, protocols);

  it.each([
    [['v4.channel.k8s.io', 'v5.channel.k8s.io'], 'v5.channel.k8s.io'],
    [['v4.channel.k8s.io', 'v3.channel.k8s.io'], 'v4.channel.k8s.io'],
  ])('of %j speaks %s, and v4 over SPDY to the kubelet', async (offered, spoken) => {
    const client = connect(offered, 'command=ls&command=-l&stdout=true');
    const heard: Buffer[] = [];
    client.on('message', (data: Buffer) => heard.push(data));
    await once(client, 'open');
    expect(client.protocol).toBe(spoken);
    expect(dialled).toMatchObject({
      method: 'POST',
      path: '/exec/default/web/main?output=1&command=ls&command=-l',
      headers: { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v4.channel.k8s.io' },
    });
    await vi.waitFor(() => expect(kubelet?.streams.size).toBe(2));
    const closed = once(client, 'close');
    kubelet?.send('stdout', 'total 0', { fin: true });
    kubelet?.send('error', '{"status":"Success"}', { fin: true });
    expect((await closed)[0]).toBe(1000);
    expect(heard.map(String)).toEqual(['\x01total 0', '\x03{"status":"Success"}']);
  });

  it.each([
    ['exec', ['base64.channel.k8s.io'], 'command=ls&stdout=True', '/exec/default/web/main?output=1&command=ls'],
    ['exec', [], 'command=ls&stdin&stderr=FALSE', '/exec/default/web/main?input=1&command=ls'],
    ['portforward', ['v4.channel.k8s.io'], 'ports=80,81&ports=443', '/portForward/default/web?port=80,81,443'],
  ])('of %s in the form %j goes on to the kubelet as it is', async (stream, protocols, query, path) => {
    const client = connect(protocols, query, stream);
    await once(client, 'open');
    expect(client.protocol).toBe(protocols[0] ?? '');
    expect(dialled).toMatchObject({ method: 'GET', path, headers: { upgrade: 'websocket' } });
    client.terminate();
  });

  it.each(['eighty', '70000'])('to the port %s is refused', async (port) => {
    await once(connect(['v4.channel.k8s.io'], `ports=${port}`, 'portforward'), 'error');
    expect(failure).toMatchObject({ reason: 'BadRequest', message: expect.stringContaining(`strconv.ParseUint: parsing "${port}"`) });
  });

  it.each([
    [['v5.channel.k8s.io'], 'stdout=true', 'you must specify at least 1 command for the container'],
    [['v5.channel.k8s.io'], 'command=ls&container=other', 'container other is not valid for pod web'],
  ])('with %j and %s is refused before the kubelet hears of it', async (protocols, query, message) => {
    const client = connect(protocols, query);
    await once(client, 'error');
    expect(failure).toMatchObject({ reason: 'BadRequest', message });
    expect(dialled).toBeUndefined();
  });
});
