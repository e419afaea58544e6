import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SendOptions, UpgradeResult } from '../outbound/connection.ts';

/** Headers that belong to one hop or to our own authentication: they do not travel on. */
const OWN_HEADERS = new Set([
  'authorization',
  'host',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
]);

export function passedHeaders(raw: IncomingMessage): Record<string, string | string[] | undefined> {
  const headers: Record<string, string | string[] | undefined> = {};
  for (const [name, value] of Object.entries(raw.headers)) {
    // HTTP/2's pseudo headers (`:path`) belong to one hop as well.
    if (!name.startsWith(':') && !OWN_HEADERS.has(name) && !name.startsWith('impersonate-') && !name.startsWith('x-remote-'))
      headers[name] = value;
  }
  return headers;
}

/** The status line and headers as they came: an upgrade's answer is written to the raw socket. */
export function writeHead(socket: Duplex, response: IncomingMessage): void {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let i = 0; i < response.rawHeaders.length; i += 2) lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
}

/** Joins two sockets until either ends: half-closes travel, errors end both. Resolves when both are done. */
export function join(a: Duplex, b: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      a.destroy();
      b.destroy();
      resolve();
    };
    for (const socket of [a, b]) {
      socket.on('error', finish);
      socket.on('close', finish);
    }
    a.pipe(b);
    b.pipe(a);
  });
}

/** Headers of an answer but those of its last hop. */
export function answerHeaders({ headers }: IncomingMessage): IncomingHttpHeaders {
  const { connection, upgrade, 'transfer-encoding': _, 'keep-alive': __, 'proxy-connection': ___, ...rest } = headers;
  return rest;
}

/** An answer as it came, as a stream; resolves when the client has it or is gone. */
export async function passAnswer(
  response: IncomingMessage,
  reply: ServerResponse,
  headers: OutgoingHttpHeaders = answerHeaders(response),
): Promise<void> {
  reply.writeHead(response.statusCode ?? 502, headers);
  await new Promise<void>((resolve) => {
    reply.on('close', resolve);
    response.on('error', () => reply.destroy());
    response.pipe(reply);
  });
}

interface UpgradeRequest {
  readonly raw: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly signal: AbortSignal;
  /** Besides those that the client sent. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/**
 * Passes a protocol upgrade on as it is and joins the two sockets: what SPDY clients get. An answer that is no upgrade is passed back whole.
 */
export async function rawUpgrade(
  dial: (options: SendOptions) => Promise<UpgradeResult>,
  path: string,
  { raw, socket, head, signal, headers }: UpgradeRequest,
): Promise<void> {
  if (head.length > 0) socket.unshift(head);
  const result = await dial({ method: raw.method ?? 'GET', path, headers: { ...passedHeaders(raw), ...headers }, signal });
  if ('refused' in result) {
    writeHead(socket, result.refused);
    result.refused.pipe(socket);
    return;
  }
  writeHead(socket, result.response);
  await join(socket, result.socket);
}
