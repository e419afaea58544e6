import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { send } from './websocket.ts';

/** Port forwarding over WebSocket: binary messages carry a SPDY/3.1 connection byte for byte (KEP-4006). */
export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

/** Joins the messages of a WebSocket with the bytes of a socket. Resolves when either side is gone. */
export function joinTunnel(ws: WebSocket, upstream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      upstream.destroy();
      if (ws.readyState === ws.OPEN) ws.close(1000);
      resolve();
    };
    upstream.on('data', (chunk: Buffer) => {
      upstream.pause();
      void send(ws, chunk).then(() => upstream.resume());
    });
    ws.on('message', (data: Buffer) => {
      if (upstream.write(data)) return;
      ws.pause();
      upstream.once('drain', () => ws.resume());
    });
    for (const event of ['end', 'error', 'close']) upstream.on(event, finish);
    ws.on('close', finish);
    ws.on('error', finish);
  });
}
