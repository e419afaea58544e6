import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, isIP } from 'node:net';

const TIMEOUT_MS = 2_000;

/** Name servers of the host's resolv.conf, without those that are ourselves: asking them would never end. */
export function hostResolvers(path: string, own: ReadonlySet<string>): string[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const addresses = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((m) => m[1] ?? '');
  return addresses.filter((address) => isIP(address) && !own.has(address));
}

const abortable = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);

/** Sends one message over UDP and resolves with the answer that carries its id. Rejects after 2 s. */
function askUdp(message: Buffer, server: string, signal: AbortSignal): Promise<Buffer> {
  const limit = abortable(signal);
  const socket = createSocket(isIP(server) === 6 ? 'udp6' : 'udp4');
  return new Promise<Buffer>((resolve, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason), { once: true });
    socket.on('error', reject);
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === message.readUInt16BE(0)) resolve(answer);
    });
    socket.connect(53, server, () => socket.send(message));
  }).finally(() => socket.close());
}

function askTcp(message: Buffer, server: string, signal: AbortSignal): Promise<Buffer> {
  const limit = abortable(signal);
  const socket = connect({ host: server, port: 53, signal: limit });
  return new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${server} closed the connection`)));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2)
        resolve(received.subarray(2, received.readUInt16BE(0) + 2));
    });
    const framed = Buffer.alloc(message.length + 2);
    framed.writeUInt16BE(message.length);
    message.copy(framed, 2);
    socket.write(framed);
  }).finally(() => socket.destroy());
}

/** Asks the host's resolvers in turn over the protocol that the client used; undefined when none answers. */
export async function forward(
  message: Buffer,
  servers: readonly string[],
  { protocol, signal }: { protocol: 'udp' | 'tcp'; signal: AbortSignal },
): Promise<Buffer | undefined> {
  for (const server of servers) {
    try {
      return await (protocol === 'udp' ? askUdp(message, server, signal) : askTcp(message, server, signal));
    } catch {
      if (signal.aborted) return undefined;
    }
  }
  return undefined;
}
