import { once } from 'node:events';
import type { OnReadOpts } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import type { Endpoint } from '../support/server.ts';

/** Ready for requests. */
export interface Connection {
  write(text: string, encoding?: BufferEncoding): void;
  /** Called with what comes in; the bytes are overwritten after the call. */
  onData: (data: Buffer) => void;
}

/** As large as what OpenSSL hands over at once, and more. */
const READ_BYTES = 64 * 1024;
/** One for all connections: what is read is looked at before anything else is. New memory for each read would be half of what a generator does. */
const received = Buffer.allocUnsafeSlow(READ_BYTES);

const endProcess = () => {
  throw new Error('the server closed a connection');
};
const unasked = () => {
  throw new Error('the server sent something before it was asked');
};

/** With the administrator's certificate. An error or (unless told otherwise) an early end of it ends the process: no figure without its work. */
export async function connect({ host, port, ca, cert, key }: Endpoint, onClose: () => void = endProcess): Promise<Connection> {
  const onread: OnReadOpts = {
    buffer: received,
    callback(length) {
      connection.onData(received.subarray(0, length));
      return true;
    },
  };
  const options: ConnectionOptions & { onread: OnReadOpts } = { host, port, ca, cert, key, ALPNProtocols: ['http/1.1'], onread };
  const socket = tlsConnect(options);
  const connection: Connection = { write: (text, encoding) => void socket.write(text, encoding), onData: unasked };
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  socket.on('close', onClose);
  return connection;
}

/** In batches: a listener's backlog is finite. */
export async function connectAll(endpoint: Endpoint, count: number): Promise<Connection[]> {
  const connections: Connection[] = [];
  while (connections.length < count) {
    const batch = Math.min(16, count - connections.length);
    connections.push(...(await Promise.all(Array.from({ length: batch }, () => connect(endpoint)))));
  }
  return connections;
}
