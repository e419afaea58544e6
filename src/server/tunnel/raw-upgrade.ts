import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dialer, Target } from './kubelet.ts';

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
    if (!OWN_HEADERS.has(name) && !name.startsWith('impersonate-') && !name.startsWith('x-remote-')) headers[name] = value;
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

/**
 * Passes a protocol upgrade on as it is and joins the two sockets: what SPDY clients get. An answer that is no upgrade is passed back whole.
 */
export async function rawUpgrade(
  dialer: Dialer,
  target: Target,
  path: string,
  { raw, socket, head, signal }: { raw: IncomingMessage; socket: Duplex; head: Buffer; signal: AbortSignal },
): Promise<void> {
  if (head.length > 0) socket.unshift(head);
  const result = await dialer.upgrade(target, { method: raw.method ?? 'GET', path, headers: passedHeaders(raw), signal });
  if ('refused' in result) {
    writeHead(socket, result.refused);
    result.refused.pipe(socket);
    return;
  }
  writeHead(socket, result.response);
  await join(socket, result.socket);
}
