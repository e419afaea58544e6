import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { aborted } from '../../base/abort.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';

const HEADER_LIMIT_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MS = 32_000;
/** Longer than common client and proxy idle times, so that the client is the one to close. */
const KEEP_ALIVE_MS = 180_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const STREAMS_PER_CONNECTION = 250;

export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
  /** CAs that sign certificates of clients and front proxies, PEM. */
  readonly ca: string | string[];
}

export interface TlsSource {
  current(): TlsMaterial;
  /** Calls after a renewal: new connections get the new certificate. */
  onRenew?(listener: () => void): Disposable;
}

export interface HttpsOptions {
  readonly tls: TlsSource;
  readonly bindAddress: string;
  /** 0: any free port. */
  readonly port: number;
  readonly onRequest: (raw: IncomingMessage, reply: ServerResponse) => void;
  readonly onUpgrade: (raw: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly log: Logger;
}

export interface HttpsServer extends Component {
  /** Once it listens. */
  address(): AddressInfo;
}

/** HTTP/1.1 and h2 on one TLS port. Client certificates are asked for, never demanded. */
export function createHttpsServer(options: HttpsOptions): HttpsServer {
  const { tls, bindAddress, port, log } = options;
  const server = makeServer(options);
  return {
    name: 'https',
    address: () => server.address() as AddressInfo,
    async run({ signal, ready }) {
      using _renewal = tls.onRenew?.(() => {
        server.setSecureContext(tls.current());
        log.info({}, 'serving certificate renewed');
      });
      await listen(server, bindAddress, port);
      log.info({ address: bindAddress, port: (server.address() as AddressInfo).port }, 'serving HTTPS');
      ready();
      await aborted(signal);
      await close(server);
    },
  };
}

type Sockets = Set<Duplex>;
const connections = new WeakMap<Http2SecureServer, Sockets>();

function makeServer({ tls, onRequest, onUpgrade, log }: HttpsOptions): Http2SecureServer {
  const server = createSecureServer({
    ...tls.current(),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxHeaderSize: HEADER_LIMIT_BYTES,
    settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION },
  } as Parameters<typeof createSecureServer>[0]);
  Object.assign(server, { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 });
  const sockets: Sockets = new Set();
  connections.set(server, sockets);
  server.on('secureConnection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error) => log.debug({ error }, 'TLS handshake failed'));
  server.on('sessionError', (error) => log.debug({ error }, 'HTTP/2 session failed'));
  server.on('clientError', (error: Error, socket: Duplex) => {
    log.debug({ error }, 'request could not be read');
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  server.on('request', onRequest as never);
  server.on('upgrade', onUpgrade);
  return server;
}

const listen = (server: Http2SecureServer, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Watches never end by themselves: connections are cut once no new ones come in. */
const close = (server: Http2SecureServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of connections.get(server) ?? []) socket.destroy();
  });
