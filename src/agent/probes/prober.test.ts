import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { type ExecResult, RuntimeError } from '../../runtime/runtime.ts';
import type { ProbeTarget } from './probe-target.ts';
import { createProber, HookError } from './prober.ts';

const { signal } = new AbortController();
const clock = fakeClock();
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const target: ProbeTarget = { podIp: '127.0.0.1', containerId: 'c', ports: [] };
const result = (exitCode: number, stdout = '', stderr = ''): ExecResult => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});
const prober = (execSync: () => Promise<ExecResult> = async () => result(0)) => createProber({ runtime: { execSync }, clock });

async function listen(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('HTTP probes', () => {
  it('succeed from 200 to 399 and send what the kubelet sends', async () => {
    let headers: IncomingHttpHeaders = {};
    const port = await listen((request, reply) => {
      headers = request.headers;
      reply.statusCode = request.url === '/well?x=1' ? 204 : 500;
      reply.end('oops');
    });
    const named: ProbeTarget = { ...target, ports: [{ name: 'web', containerPort: port }] };
    const httpHeaders = [{ name: 'Host', value: 'app.example' }];
    const probe = (path: string) => prober().probe({ httpGet: { port: 'web', path, httpHeaders } }, named, { signal });
    expect(await probe('/well?x=1')).toMatchObject({ outcome: 'success' });
    expect(headers).toMatchObject({ host: 'app.example', 'user-agent': 'kube-probe/1.36', accept: '*/*', connection: 'close' });
    expect(await probe('/ill')).toEqual({ outcome: 'failure', message: 'HTTP probe failed with statuscode: 500' });
  });

  it('follow redirects on the same host, not for ever, and warn of others', async () => {
    const port = await listen((request, reply) => {
      const to = { '/a': '/b', '/away': 'http://elsewhere.example/', '/loop': '/loop' }[request.url ?? ''];
      reply.writeHead(to ? 302 : 200, to ? { location: to } : {}).end('body');
    });
    const probe = (path: string) => prober().probe({ httpGet: { port, path } }, target, { signal });
    expect(await probe('/a')).toEqual({ outcome: 'success', message: 'body' });
    expect(await probe('/away')).toEqual({ outcome: 'warning', message: 'Probe terminated redirects, Response body: body' });
    expect(await probe('/loop')).toMatchObject({ outcome: 'failure', message: expect.stringContaining('stopped after 10 redirects') });
  });

  it('read no more than 10 KiB of an answer', async () => {
    const port = await listen((_, reply) => void reply.end('x'.repeat(100_000)));
    const { message } = await prober().probe({ httpGet: { port } }, target, { signal });
    expect(message).toHaveLength(10 * 1024);
  });

  it('fail when nobody listens, and when the time is up', async () => {
    const refused = await prober().probe({ httpGet: { port: 1 } }, target, { signal });
    expect(refused).toEqual({
      outcome: 'failure',
      message: 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
    });
    const received = Promise.withResolvers<void>();
    const port = await listen(() => received.resolve());
    const slow = prober().probe({ httpGet: { port }, timeoutSeconds: 3 }, target, { signal });
    await received.promise;
    await clock.advance(3000);
    expect(await slow).toMatchObject({ outcome: 'failure', message: expect.stringContaining('context deadline exceeded') });
  });

  it('reject only when they are stopped', async () => {
    const stop = new AbortController();
    const port = await listen(() => stop.abort());
    await expect(prober().probe({ httpGet: { port } }, target, { signal: stop.signal })).rejects.toThrow('aborted');
    expect(await prober().probe({ httpGet: { port: 'nope' } }, target, { signal })).toMatchObject({
      outcome: 'unknown',
      message: "couldn't find port: nope",
    });
  });
});

describe('other probes', () => {
  it('connect to TCP ports', async () => {
    const port = await listen(() => {});
    expect(await prober().probe({ tcpSocket: { port } }, target, { signal })).toMatchObject({ outcome: 'success' });
    expect(await prober().probe({ tcpSocket: { port: 1 } }, target, { signal })).toEqual({
      outcome: 'failure',
      message: 'dial tcp 127.0.0.1:1: connect: connection refused',
    });
  });

  it('run commands, whose output is the message', async () => {
    const probe = { exec: { command: ['check', 'me'] }, timeoutSeconds: 2 };
    expect(await prober(async () => result(1, 'out ', 'err')).probe(probe, target, { signal })).toEqual({
      outcome: 'failure',
      message: 'out err',
    });
    const late = () => Promise.reject(new RuntimeError('DeadlineExceeded', 'late'));
    expect(await prober(late).probe(probe, target, { signal })).toEqual({
      outcome: 'failure',
      message: 'command timed out: "check me" timed out after 2s',
    });
    const gone = () => Promise.reject(new RuntimeError('Unavailable', 'no runtime'));
    expect(await prober(gone).probe(probe, target, { signal })).toEqual({ outcome: 'unknown', message: 'no runtime' });
  });

  it('ask gRPC servers for their health', async () => {
    const services: string[] = [];
    const server = new GrpcServer();
    const check = {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes: Buffer) => bytes.subarray(2).toString(),
      requestSerialize: () => Buffer.alloc(0),
      responseSerialize: (status: number) => Buffer.from([0x08, status]),
      responseDeserialize: () => 0,
    };
    server.addService(
      { check },
      {
        check: (call: { request: string }, reply: (e: null, status: number) => void) => {
          services.push(call.request);
          reply(null, call.request === 'well' ? 1 : 2);
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    stops.push(() => server.forceShutdown());
    const ask = (service: string, at = port) => prober().probe({ grpc: { port: at, service } }, target, { signal });
    expect(await ask('well')).toEqual({ outcome: 'success', message: 'service healthy' });
    expect(await ask('ill')).toEqual({ outcome: 'failure', message: 'service unhealthy (responded with "NOT_SERVING")' });
    expect(await ask('well', 1)).toMatchObject({
      outcome: 'failure',
      message: expect.stringContaining('failed to connect service at "127.0.0.1:1"'),
    });
    expect(services).toEqual(['well', 'ill']);
  });
});

describe('hooks', () => {
  it('end well when the command does, or when a request gets any answer', async () => {
    const port = await listen((_, reply) => void reply.writeHead(500).end());
    await prober().runHook({ exec: { command: ['true'] } }, target, { signal });
    await prober().runHook({ httpGet: { port } }, target, { signal });
    await expect(prober(async () => result(3, 'no')).runHook({ exec: { command: ['x'] } }, target, { signal })).rejects.toThrow(
      new HookError('exec lifecycle hook (x) failed: no'),
    );
    await expect(prober().runHook({ httpGet: { port: 1 } }, target, { signal })).rejects.toThrow(HookError);
    await expect(prober().runHook({ tcpSocket: { port } }, target, { signal })).rejects.toThrow(HookError);
  });

  it('sleep for as long as they are told', async () => {
    let isDone = false;
    const slept = prober()
      .runHook({ sleep: { seconds: 5 } }, target, { signal })
      .then(() => {
        isDone = true;
      });
    await clock.advance(4000);
    expect(isDone).toBe(false);
    await clock.advance(1000);
    await slept;
  });
});
