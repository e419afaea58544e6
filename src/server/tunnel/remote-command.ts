import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { truth } from '../../api/query-truth.ts';
import { createSpdyConnection, type SpdyConnection, type SpdyStream } from './spdy/connection.ts';
import { send } from './websocket.ts';

/** Channel numbers of the remote-command subprotocols: the first byte of every message (KEP-4006). */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Subprotocols that we speak to WebSocket clients, best first. v5 adds the close message that ends stdin alone. */
export const REMOTE_COMMAND_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** What the kubelet is asked for: its streams report the exit code as a Status on the error stream. */
export const KUBELET_PROTOCOL = 'v4.channel.k8s.io';

export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** exec takes `stdin`, the kubelet's own paths take `input`: both spellings mean the same. */
export function wantedStreams(query: URLSearchParams): WantedStreams {
  const is = (...names: string[]) => names.some((name) => truth(query.get(name)));
  return { stdin: is('stdin', 'input'), stdout: is('stdout', 'output'), stderr: is('stderr', 'error'), tty: is('tty') };
}

interface Streams {
  readonly stdin?: SpdyStream;
  readonly resize?: SpdyStream;
  /** Resolves when every message so far has gone to the client. */
  sent(): Promise<void>;
}

/** Kubelet to client: every stream's chunks become messages; the connection is over when the error stream and all outputs have ended. */
function openStreams(spdy: SpdyConnection, ws: WebSocket, wanted: WantedStreams): Streams {
  let open = 0;
  let sending: Promise<void> = Promise.resolve();
  let unsent = 0;

  const forward = (channel: number, chunk: Buffer) => {
    unsent += 1;
    spdy.pause();
    sending = sending
      .then(() => send(ws, Buffer.concat([Buffer.from([channel]), chunk])))
      .then(() => {
        unsent -= 1;
        if (unsent === 0) spdy.resume();
      });
  };
  const ended = () => {
    open -= 1;
    if (open === 0) void sending.then(() => ws.close(1000)).then(() => spdy.close());
  };
  const output = (streamType: string, channel: number) => {
    open += 1;
    return spdy.open({ streamType }, { data: (chunk) => forward(channel, chunk), end: ended });
  };
  const input = (streamType: string) => spdy.open({ streamType }, { data: () => {}, end: () => {} });

  output('error', CHANNEL.error).end();
  const stdin = wanted.stdin ? input('stdin') : undefined;
  if (wanted.stdout) output('stdout', CHANNEL.stdout).end();
  if (wanted.stderr && !wanted.tty) output('stderr', CHANNEL.stderr).end();
  const resize = wanted.tty ? input('resize') : undefined;
  return { stdin, resize, sent: () => sending };
}

/** Client to kubelet, one message after the other: reading from the client waits while the kubelet's socket is full. */
function readClient(ws: WebSocket, streams: Streams): void {
  async function take(message: Buffer): Promise<void> {
    const payload = message.subarray(1);
    switch (message[0]) {
      case CHANNEL.stdin:
        return streams.stdin?.write(payload);
      case CHANNEL.resize:
        return streams.resize?.write(payload);
      case CHANNEL.close:
        if (payload[0] === CHANNEL.stdin) streams.stdin?.end();
        return;
      default:
        return;
    }
  }
  let turn: Promise<void> = Promise.resolve();
  ws.on('message', (data: Buffer) => {
    ws.pause();
    turn = turn.then(() => take(data)).then(() => ws.resume());
  });
}

/** Translates between a WebSocket client (exec, attach) and a kubelet that speaks SPDY/3.1. Resolves when either side is gone. */
export function translateRemoteCommand(ws: WebSocket, upstream: Duplex, wanted: WantedStreams): Promise<void> {
  return new Promise((resolve) => {
    const spdy = createSpdyConnection(upstream, { closed: () => void finish() });
    const streams = openStreams(spdy, ws, wanted);
    // The kubelet may be gone before a slow client has taken everything: closing now would cut off the rest.
    async function finish(): Promise<void> {
      await streams.sent();
      if (ws.readyState === ws.OPEN) ws.close(1000);
      resolve();
    }
    ws.on('close', () => spdy.close());
    ws.on('error', () => spdy.close());
    readClient(ws, streams);
  });
}
