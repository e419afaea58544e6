import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ApiError } from '../../api/meta/status.ts';

/** Larger messages than any terminal sends; kubectl cp's chunks are far smaller. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** RFC 6455: all has been said. */
export const NORMAL_CLOSURE = 1000;

export const isWebSocket = (raw: IncomingMessage): boolean => raw.headers.upgrade?.toLowerCase() === 'websocket';

export const offeredProtocols = (raw: IncomingMessage): string[] =>
  (raw.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((p) => p.trim())
    .filter(Boolean);

/**
 * Accepts a WebSocket with the given subprotocol, if there is one. `SPDY/3.1+portforward.k8s.io` has a "/", which is no token, so ws would answer 400: the header is taken off
 * the request and the answer's is written by us. Rejects with ApiError BadRequest when the client does not speak the protocol; it was told so by then.
 */
export function acceptWebSocket(raw: IncomingMessage, socket: Duplex, head: Buffer, protocol: string | undefined): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  if (protocol !== undefined) server.on('headers', (headers) => void headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  delete raw.headers['sec-websocket-protocol'];
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new ApiError('BadRequest', 'the WebSocket handshake failed')));
    server.handleUpgrade(raw, socket, head, resolve);
  });
}

/** Sends one message, binary unless it is text, and resolves when it has left: the next one waits, so a slow client holds the sender back. */
export function send(ws: WebSocket, message: Uint8Array, { isText = false }: { isText?: boolean } = {}): Promise<void> {
  return new Promise((resolve) => {
    if (ws.readyState !== ws.OPEN) return resolve();
    ws.send(message, { binary: !isText }, () => resolve());
  });
}
