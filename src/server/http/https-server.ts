import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { aborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { CONNECTION_LIMITS, type ConnectionLimits, limitConnections } from './connection-limits.ts';

const HEADER_LIMIT_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MS = 32_000;
/** How often node looks for connections that are late. */
const HEADERS_CHECK_MS = 5_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const STREAMS_PER_CONNECTION = 250;
/** An h2 client that opens and resets streams faster is told to go away (CVE-2023-44487). */
const STREAM_RESETS = { streamResetBurst: 1000, streamResetRate: 33 };
/** Entries in one SETTINGS frame, header fields of one request, and protocol errors of one session. */
const H2_LIMITS = { maxSettings: 32, maxHeaderListPairs: 128, maxSessionInvalidFrames: 100, maxSessionRejectedStreams: 100 };
/** As in Go, these are nobody's choice. */
const TLS13_SUITES = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];
/** TCP probes: a peer that lost its power does not say that it is gone. */
const TCP_KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000, noDelay: true };
/** How long requests that are under way may take to end when the server stops. */
const DRAIN_MS = 2_000;
/** What node's parser ends a connection for, and what the client is told. */
const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
};

export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
  /** CAs that sign certificates of clients and front proxies, PEM. */
  readonly ca: string | string[];
}

/** What the server speaks. */
export interface TlsBounds {
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Suites of TLS 1.2 by OpenSSL's names; all of TLS 1.3 are taken. Absent or empty: Node's own choice. */
  readonly suites?: readonly string[] | undefined;
}

export interface TlsSource {
  readonly bounds?: TlsBounds;
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
  readonly onHandshakeFailure?: () => void;
  /** Told to stop: ready no more, but serving for `shutdownDelayMs`. */
  readonly onStopping?: () => void;
  /** What runs without an end is to end now. */
  readonly onClosing?: () => void;
  readonly limits?: ConnectionLimits;
  /** How long it goes on serving, not ready, once it was told to stop. */
  readonly shutdownDelayMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HttpsServer extends Component {
  /** Once it listens. */
  address(): AddressInfo;
}

/** HTTP/1.1 and h2 on one TLS port. Client certificates are asked for, never demanded. */
export function createHttpsServer(options: HttpsOptions): HttpsServer {
  const { tls, bindAddress, port, clock, log, shutdownDelayMs = 0, onStopping = () => {}, onClosing = () => {} } = options;
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
      onStopping();
      if (shutdownDelayMs > 0) await clock.sleep(shutdownDelayMs, { signal: new AbortController().signal });
      onClosing();
      await close(server, clock);
    },
  };
}

interface Open {
  readonly sockets: Set<Duplex>;
  readonly sessions: Set<ServerHttp2Session>;
  readonly replies: Set<ServerResponse>;
  closing: boolean;
  onIdle: () => void;
}
const connections = new WeakMap<Http2SecureServer, Open>();

function makeServer({
  tls,
  onRequest,
  onUpgrade,
  onHandshakeFailure,
  limits = CONNECTION_LIMITS,
  clock,
  log,
}: HttpsOptions): Http2SecureServer {
  const { minVersion = 'TLSv1.2', suites = [] } = tls.bounds ?? {};
  const server = createSecureServer({
    ...tls.current(),
    ...H2_LIMITS,
    ...STREAM_RESETS,
    ...TCP_KEEP_ALIVE,
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion,
    ...(suites.length > 0 && { ciphers: [...new Set([...TLS13_SUITES, ...suites])].join(':') }),
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxHeaderSize: HEADER_LIMIT_BYTES,
    connectionsCheckingInterval: HEADERS_CHECK_MS,
    settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION, maxHeaderListSize: HEADER_LIMIT_BYTES },
  } as Parameters<typeof createSecureServer>[0]);
  Object.assign(server, { keepAliveTimeout: limits.idleMs, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 });
  limitConnections(server, limits, { clock, log });
  const open: Open = { sockets: new Set(), sessions: new Set(), replies: new Set(), closing: false, onIdle: () => {} };
  connections.set(server, open);
  server.on('secureConnection', (socket: Duplex) => kept(open.sockets, socket));
  server.on('session', (session: ServerHttp2Session) => kept(open.sessions, session));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    log.debug({ error }, 'TLS handshake failed');
    onHandshakeFailure?.();
    if (error.code === 'ERR_SSL_HTTP_REQUEST') refusePlainHttp(socket);
  });
  server.on('sessionError', (error) => log.debug({ error }, 'HTTP/2 session failed'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    log.debug({ error }, 'request could not be read');
    if (socket.writable) socket.end(`HTTP/1.1 ${REFUSALS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
  });
  server.on('request', ((raw: IncomingMessage, reply: ServerResponse) => {
    if (open.closing && raw.httpVersionMajor === 1) reply.setHeader('Connection', 'close');
    open.replies.add(reply);
    if (raw.httpVersionMajor === 1 && !reply.socket) closeWithConnection(raw, reply);
    reply.once('close', () => {
      open.replies.delete(reply);
      if (open.closing && open.replies.size === 0) open.onIdle();
    });
    onRequest(raw, reply);
  }) as never);
  server.on('upgrade', onUpgrade);
  return server;
}

/** Until the answer before it is out a reply has no connection, and node does not tell it when that is lost. */
function closeWithConnection({ socket }: IncomingMessage, reply: ServerResponse): void {
  const close = () => reply.emit('close');
  socket.once('close', close);
  reply.once('socket', () => socket.off('close', close));
}

/** What Go's server says. The connection below is still open when a handshake has failed; node has no public name for it. */
function refusePlainHttp(socket: TLSSocket): void {
  const { _parent: connection } = socket as { _parent?: Socket };
  if (!connection?.writable) return;
  connection.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
  connection.destroySoon();
}

function kept<T extends NodeJS.EventEmitter>(all: Set<T>, one: T): void {
  all.add(one);
  one.once('close', () => all.delete(one));
}

const listen = (server: Http2SecureServer, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** No new connections, no new requests on old ones; what is under way gets a moment to end; then connections are cut. */
async function close(server: Http2SecureServer, clock: Clock): Promise<void> {
  const open = connections.get(server);
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (open) await drained(open, clock);
  for (const socket of open?.sockets ?? []) socket.destroy();
  await closed;
}

function drained(open: Open, clock: Clock): Promise<void> {
  open.closing = true;
  for (const session of open.sessions) session.close();
  if (open.replies.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.timer(DRAIN_MS, resolve);
    open.onIdle = () => {
      timer[Symbol.dispose]();
      // What was written is still on its way to the peer.
      setImmediate(resolve);
    };
  });
}
