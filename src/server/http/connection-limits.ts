import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

export interface ConnectionLimits {
  /** Connections at a time, finished handshakes or not. */
  readonly total: number;
  readonly perAddress: number;
  /** How long an h2 client may take for its preface, and how long a session without streams is kept. */
  readonly prefaceMs: number;
  readonly idleMs: number;
}

/** Idle time is longer than that of common clients and proxies, so that the client is the one to close. */
export const CONNECTION_LIMITS: ConnectionLimits = { total: 8192, perAddress: 2048, prefaceMs: 10_000, idleMs: 180_000 };

/** Cuts connections beyond the limits before they cost a handshake, and h2 sessions that do nothing. HTTP/1 has timers of its own in node. */
export function limitConnections(server: Http2SecureServer, limits: ConnectionLimits, { clock, log }: { clock: Clock; log: Logger }): void {
  const byAddress = new Map<string, number>();
  let total = 0;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const own = byAddress.get(address) ?? 0;
    if (total >= limits.total || own >= limits.perAddress) {
      log.debug({ address, connections: total, ofAddress: own }, 'too many connections');
      socket.destroy();
      return;
    }
    total += 1;
    byAddress.set(address, own + 1);
    socket.once('close', () => {
      total -= 1;
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
  });
  server.on('session', (session: ServerHttp2Session) => endIdle(session, limits, clock));
}

function endIdle(session: ServerHttp2Session, { prefaceMs, idleMs }: ConnectionLimits, clock: Clock): void {
  let streams = 0;
  let timer: Disposable | undefined = clock.timer(prefaceMs, () => session.destroy());
  const rearm = () => {
    timer?.[Symbol.dispose]();
    timer = streams > 0 || session.destroyed ? undefined : clock.timer(idleMs, () => session.close(() => session.destroy()));
  };
  session.once('remoteSettings', rearm);
  session.on('stream', (stream) => {
    streams += 1;
    if (timer) rearm();
    stream.once('close', () => {
      streams -= 1;
      if (streams === 0) rearm();
    });
  });
  session.once('close', () => timer?.[Symbol.dispose]());
}
