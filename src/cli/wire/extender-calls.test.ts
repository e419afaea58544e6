import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { readConfiguration } from '../../scheduler/scheduler.ts';
import { fakeHttpsServer } from '../../server/outbound/fake-https-server.ts';
import { extenderCalls, withFilesRead } from './extender-calls.ts';

const { signal } = new AbortController();

async function ask(extender: object, verb = 'filter', body: object = { a: 1 }): Promise<unknown> {
  const document = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', extenders: [extender] };
  const [read] = readConfiguration(document).extenders;
  if (!read) throw new Error('no extender');
  return extenderCalls(systemClock)(await withFilesRead(read), verb, body, { signal });
}

const echo: RequestListener = (request, reply) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    if (request.url === '/prefix/broken') reply.writeHead(500).end();
    else if (request.url !== '/prefix/never')
      reply.end(JSON.stringify({ method: request.method, url: request.url, type: request.headers['content-type'], body }));
  });
};

async function plainServer() {
  const server = createServer(echo).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const end = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port, [Symbol.asyncDispose]: end };
}

it('POSTs JSON to the verb under the prefix', async () => {
  await using server = await plainServer();
  const answer = await ask({ urlPrefix: `http://127.0.0.1:${server.port}/prefix/` });
  expect(answer).toEqual({ method: 'POST', url: '/prefix/filter', type: 'application/json', body: '{"a":1}' });
});

it('fails in upstream’s words when the extender refuses, is late, or is not there', async () => {
  const server = await plainServer();
  const prefix = `http://127.0.0.1:${server.port}/prefix`;
  await expect(ask({ urlPrefix: prefix }, 'broken')).rejects.toThrow(`failed broken with extender at URL ${prefix}/broken, code 500`);
  const late = `Post "${prefix}/never": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  await expect(ask({ urlPrefix: prefix, httpTimeout: '20ms' }, 'never')).rejects.toThrow(late);
  await server[Symbol.asyncDispose]();
  const gone = `Post "${prefix}/filter": dial tcp 127.0.0.1:${server.port}: connect: connection refused`;
  await expect(ask({ urlPrefix: prefix })).rejects.toThrow(gone);
});

it('trusts the CA of the file that is named, and nobody without one unless it is told to', async () => {
  await using server = await fakeHttpsServer(echo);
  const directory = mkdtempSync(join(tmpdir(), 'minik-extender-'));
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, server.caPem);
  const urlPrefix = `https://127.0.0.1:${server.port}/prefix`;
  await expect(ask({ urlPrefix, tlsConfig: { caFile } })).resolves.toMatchObject({ method: 'POST' });
  await expect(ask({ urlPrefix, enableHTTPS: true })).resolves.toMatchObject({ method: 'POST' });
  await expect(ask({ urlPrefix })).rejects.toThrow('certificate signed by unknown authority');
  const wrongName = { caFile, serverName: 'elsewhere.example' };
  await expect(ask({ urlPrefix, tlsConfig: wrongName })).rejects.toThrow('certificate is not valid for any names');
  rmSync(directory, { recursive: true });
  await expect(ask({ urlPrefix, tlsConfig: { caFile } })).rejects.toThrow('ENOENT');
});
