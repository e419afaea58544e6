import { once } from 'node:events';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Endpoint } from '../support/server.ts';

const endProcess = () => {
  throw new Error('the server closed a connection');
};

/** A connection with the administrator's certificate, ready for requests. An error or (unless told otherwise) an early end of it ends the process: no figure without its work. */
export async function connect({ host, port, ca, cert, key }: Endpoint, onClose: () => void = endProcess): Promise<TLSSocket> {
  const socket = tlsConnect({ host, port, ca, cert, key, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  socket.on('close', onClose);
  return socket;
}

/** In batches: a listener's backlog is finite. */
export async function connectAll(endpoint: Endpoint, count: number): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(16, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => connect(endpoint)))));
  }
  return sockets;
}
