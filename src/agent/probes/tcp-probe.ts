import { connect } from 'node:net';
import type { TCPSocketAction } from '../../api/schema/generated/types.ts';
import type { Limits } from './http-probe.ts';
import { dialError, failed, hostPort, type ProbeAnswer, type ProbeTarget, portNumber, succeeded } from './probe-target.ts';

/** Does the port take a connection? Rejects with the signal's reason alone. */
export function tcpProbe(action: TCPSocketAction, target: ProbeTarget, { signal, timedOut }: Limits): Promise<ProbeAnswer> {
  const host = action.host || target.podIp;
  const port = portNumber(action.port, target);
  const address = hostPort(host, port);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal: AbortSignal.any([signal, timedOut]) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(succeeded());
    });
    socket.once('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else resolve(failed(timedOut.aborted ? `dial tcp ${address}: i/o timeout` : dialError(address, error)));
    });
  });
}
