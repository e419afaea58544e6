import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/** Larger messages than any terminal sends; kubectl cp's chunks are far smaller. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export const isWebSocket = (raw: IncomingMessage): boolean => raw.headers.upgrade?.toLowerCase() === 'websocket';

export const offeredProtocols = (raw: IncomingMessage): string[] =>
  (raw.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((p) => p.trim())
    .filter(Boolean);

/**
 * Accepts a WebSocket with the given subprotocol. `SPDY/3.1+portforward.k8s.io` has a "/", which is no token, so ws would answer 400: the header is taken off
 * the request and the answer's is written by us.
 */
export function acceptWebSocket(raw: IncomingMessage, socket: Duplex, head: Buffer, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  server.on('headers', (headers) => void headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  delete raw.headers['sec-websocket-protocol'];
  return new Promise((resolve) => server.handleUpgrade(raw, socket, head, resolve));
}

/** Sends one binary message and resolves when it has left: the next one waits, so a slow client holds the sender back. */
export function send(ws: WebSocket, message: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (ws.readyState !== ws.OPEN) return resolve();
    ws.send(message, { binary: true }, () => resolve());
  });
}
