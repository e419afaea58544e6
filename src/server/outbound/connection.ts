import { type Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A machine that does not answer the handshake within this time is taken for unreachable. */
const CONNECT_TIMEOUT_MS = 10_000;

export interface TlsSettings {
  /** PEM of the only CAs that are trusted; absent: those of the machine. */
  readonly ca?: string | readonly string[];
  /** Our client certificate, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the certificate must carry, and SNI, when it is not the host. Empty: none is sent. */
  readonly serverName?: string | undefined;
  /** false: any certificate will do. */
  readonly verify: boolean;
}

/** Where a connection goes. */
export interface Peer {
  readonly protocol: 'http:' | 'https:';
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsSettings;
  /** Keeps connections; absent: node's shared ones. */
  readonly agent?: Agent;
}

export interface SendOptions {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: NodeJS.ReadableStream | string;
  readonly signal: AbortSignal;
}

export interface Upgraded {
  readonly response: IncomingMessage;
  /** Bytes that came with the response are already back in it. */
  readonly socket: Duplex;
}
export type UpgradeResult = Upgraded | { readonly refused: IncomingMessage };

function start(peer: Peer, { method, path, headers, signal }: SendOptions) {
  const { tls } = peer;
  const options: RequestOptions & { connectSignal: AbortSignal } = {
    host: peer.host,
    port: peer.port,
    method,
    path,
    headers: headers as OutgoingHttpHeaders,
    signal,
    connectSignal: signal,
    ...(peer.agent && { agent: peer.agent }),
  };
  const request = peer.protocol === 'http:' ? httpRequest(options) : httpsRequest({ ...options, ...tlsOptions(tls) });
  request.on('socket', (socket) => boundConnecting(socket, peer.protocol === 'https:' ? 'secureConnect' : 'connect'));
  return request;
}

const tlsOptions = (tls: TlsSettings | undefined): RequestOptions => ({
  minVersion: 'TLSv1.2',
  ...(tls?.ca && { ca: tls.ca as string | string[] }),
  ...(tls?.cert && { cert: tls.cert, key: tls.key }),
  ...(tls?.serverName !== undefined && { servername: tls.serverName }),
  rejectUnauthorized: tls?.verify ?? true,
});

/** Lets a connection fail that takes too long to be made. */
export function boundConnecting(socket: Socket, connected: 'secureConnect' | 'connect'): void {
  socket.setNoDelay(true);
  if (!socket.connecting) return;
  const tooLate = () => void socket.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' }));
  socket.setTimeout(CONNECT_TIMEOUT_MS);
  socket.once('timeout', tooLate);
  socket.once(connected, () => {
    socket.off('timeout', tooLate);
    socket.setTimeout(0);
  });
}

/**
 * One request; resolves with the answer's head. Rejects with node's error. A kept connection that the other side closed at the same moment
 * is replaced once: nothing was read from it.
 */
export function send(peer: Peer, options: SendOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = start(peer, options);
    request.on('response', resolve);
    request.on('error', (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (stale && typeof options.body !== 'object' && !options.signal.aborted) send(peer, options).then(resolve, reject);
      else reject(error);
    });
    const { body } = options;
    if (typeof body === 'object') body.pipe(request);
    else request.end(body);
  });
}

/** Asks for another protocol. Rejects with node's error. */
export function sendUpgrade(peer: Peer, options: SendOptions): Promise<UpgradeResult> {
  return new Promise((resolve, reject) => {
    const request = start(peer, options);
    request.on('error', reject);
    request.on('response', (refused) => resolve({ refused }));
    request.on('upgrade', (response, socket, head) => {
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve({ response, socket });
    });
    request.end();
  });
}
