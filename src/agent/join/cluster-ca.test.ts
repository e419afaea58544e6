import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { fetchClusterCa } from './cluster-ca.ts';
import { selfSigned } from './fake-signer.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
let ca: string;
let hash: string;
const servers: Server[] = [];

beforeAll(async () => {
  ca = await selfSigned('minik-ca');
  hash = createHash('sha256').update(new X509Certificate(ca).raw).digest('hex');
});

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server on this machine whose certificate nobody has signed. */
async function serve(answer: RequestListener): Promise<string> {
  const cert = await selfSigned('localhost', keys);
  const server = createServer({ key, cert }, answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const fetchFrom = (server: string, signal = new AbortController().signal) => fetchClusterCa(server, hash, { signal });

it('the CA is believed when it has the fingerprint of the token, whoever signed the server’s own certificate', async () => {
  const asked: (string | undefined)[] = [];
  const server = await serve((request, reply) => {
    asked.push(request.url);
    reply.end(ca);
  });
  await expect(fetchFrom(server)).resolves.toBe(ca);
  expect(asked).toEqual(['/cacerts']);
});

it('a CA with another fingerprint is refused', async () => {
  const other = await selfSigned('minik-ca');
  const server = await serve((_, reply) => reply.end(other));
  await expect(fetchFrom(server)).rejects.toThrow(/^the server at \S+ is not the one that the token was made for/);
});

it('an answer that is no certificate is refused in words', async () => {
  const server = await serve((_, reply) => reply.end('<html>welcome</html>'));
  await expect(fetchFrom(server)).rejects.toThrow(/\/cacerts answered with something that is no certificate$/);
});

it('another status than 200 is refused', async () => {
  const server = await serve((_, reply) => reply.writeHead(404).end(ca));
  await expect(fetchFrom(server)).rejects.toThrow(/\/cacerts answered 404$/);
});

it('an answer without end is cut off', async () => {
  const server = await serve((_, reply) => {
    const more = (error?: Error | null) => void (error || reply.write('x'.repeat(16 * 1024), more));
    more();
  });
  await expect(fetchFrom(server)).rejects.toThrow(/answered with more than 65536 bytes$/);
});

it('a connection that breaks within the answer is a failure like any other', async () => {
  const server = await serve((_, reply) => {
    reply.writeHead(200, { 'content-length': ca.length });
    reply.write(ca.slice(0, 10), () => reply.destroy());
  });
  await expect(fetchFrom(server)).rejects.toThrow('aborted');
});

it('who waits can stop waiting', async () => {
  const stop = new AbortController();
  const server = await serve(() => stop.abort());
  await expect(fetchFrom(server, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
});
