import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../../base/clock.ts';
import { issueAuthority, issueIdentity, newKeyPem } from '../pki/issue.ts';

/** An HTTPS server on loopback for tests, with a CA of its own: a webhook, an extension API server. */
export interface FakeHttpsServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly caPem: string;
  /** Connections that were opened so far. */
  connections(): number;
  /** Ends every open connection. */
  cut(): void;
  readonly server: import('node:https').Server;
}

export interface FakeHttpsOptions {
  readonly sans?: readonly string[];
  readonly clientCa?: string;
  readonly port?: number;
  /** Absent: made for `sans`. */
  readonly certified?: Certified;
}

/** A key, a certificate for it, and the CA that signed that. */
export interface Certified {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

async function certify(sans: readonly string[]): Promise<Certified> {
  const nowMs = systemClock.now();
  const authority = await issueAuthority('test CA', await newKeyPem(), nowMs);
  const pair = await issueIdentity(authority, { commonName: 'test', organizations: [], sans, purpose: 'server' }, nowMs);
  return { ...pair, caPem: authority.certPem };
}

export async function fakeHttpsServer(
  answer: (request: IncomingMessage, reply: ServerResponse) => void,
  { sans = ['localhost', '127.0.0.1'], clientCa, port: wanted = 0, certified }: FakeHttpsOptions = {},
): Promise<FakeHttpsServer> {
  const { caPem, ...pair } = certified ?? (await certify(sans));
  const server = createServer(
    { key: pair.keyPem, cert: pair.certPem, ...(clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: false }) },
    answer,
  );
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('secureConnection', (socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(wanted, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    caPem,
    connections: () => count,
    cut,
    server,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await request.toArray()).toString('utf8');
}
