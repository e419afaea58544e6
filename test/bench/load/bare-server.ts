/** A process that answers every request with the same bytes, over TLS with client certificates; told what by IPC, it says when it listens. */
import { once } from 'node:events';
import { createServer } from 'node:https';

export interface BareServer {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Of each answer. */
  readonly bytes: number;
}

const [{ host, port, bytes, ...tls }] = (await once(process, 'message')) as [BareServer];
const body = Buffer.alloc(bytes, 'x');
const server = createServer({ ...tls, requestCert: true }, (_request, reply) => {
  reply.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  reply.end(body);
});
server.listen(port, host, () => process.send?.('listening'));
