import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Runtime, StreamRequest } from '../../runtime/runtime.ts';
import { HttpError } from './http-error.ts';
import type { PodDirectory } from './pod-directory.ts';

type Verb = 'exec' | 'attach' | 'portForward';
export interface StreamPath {
  readonly verb: Verb;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** `/exec/NAMESPACE/POD[/UID]/CONTAINER`, `/attach/…` alike, `/portForward/NAMESPACE/POD[/UID]`: the kubelet's paths. */
export function parseStreamPath(path: string): StreamPath | undefined {
  const [, verb = '', namespace = '', pod = '', ...rest] = path.split('/').map(decodeURIComponent);
  if (verb === 'portForward') return rest.length <= 1 && pod ? { verb, namespace, pod, container: '' } : undefined;
  if (verb !== 'exec' && verb !== 'attach') return undefined;
  const container = rest.at(-1);
  return rest.length >= 1 && rest.length <= 2 && container ? { verb, namespace, pod, container } : undefined;
}

function streamRequest(query: URLSearchParams): StreamRequest {
  const is = (name: string) => query.get(name) === '1' || query.get(name) === 'true';
  return { tty: is('tty'), stdin: is('input'), stdout: is('output'), stderr: is('error') && !is('tty') };
}

/**
 * The ports of a WebSocket, which has two channels for each; a SPDY connection names its ports with its streams.
 * Throws HttpError 400 in upstream's words (cri-streaming, portforward.NewV4Options).
 */
function forwardedPorts(raw: IncomingMessage, query: URLSearchParams): number[] {
  if (raw.headers.upgrade?.toLowerCase() !== 'websocket') return [];
  const texts = query.getAll('port');
  if (texts.length === 0) throw new HttpError(400, 'query parameter "port" is required');
  return texts.flatMap((text) => text.split(',').map((port) => forwardedPort(port, text)));
}

function forwardedPort(port: string, text: string): number {
  if (text === '') throw new HttpError(400, 'query parameter "port" cannot be empty');
  const why = !/^\d+$/.test(port) ? 'invalid syntax' : Number(port) > 0xffff ? 'value out of range' : undefined;
  if (why) throw new HttpError(400, `unable to parse "${text}" as a port: strconv.ParseUint: parsing "${port}": ${why}`);
  if (Number(port) < 1) throw new HttpError(400, `port "${text}" must be > 0`);
  return Number(port);
}

/** Asks the runtime for a stream and returns the address on its streaming server. */
async function streamUrl(
  { verb, namespace, pod, container }: StreamPath,
  query: URLSearchParams,
  { raw, runtime, directory, signal }: { raw: IncomingMessage; runtime: Runtime; directory: PodDirectory; signal: AbortSignal },
): Promise<URL> {
  if (verb === 'portForward') {
    const ports = forwardedPorts(raw, query);
    const sandbox = directory.sandboxId(namespace, pod);
    if (!sandbox) throw new HttpError(404, `pod ${namespace}/${pod} has no sandbox`);
    return new URL(await runtime.portForward(sandbox, ports, { signal }));
  }
  const instance = directory.container(namespace, pod, container);
  if (!instance?.running) throw new HttpError(400, `container ${container} of pod ${namespace}/${pod} is not running`);
  const request = streamRequest(query);
  if (verb === 'attach') return new URL(await runtime.attach(instance.id, { ...request, tty: instance.tty }, { signal }));
  const command = query.getAll('command');
  if (command.length === 0) throw new HttpError(400, 'a command is missing');
  return new URL(await runtime.exec(instance.id, { ...request, command }, { signal }));
}

/** The request as it came, for another path: the runtime's streaming server does the protocol. */
function replay(raw: IncomingMessage, url: URL): string {
  const lines = [`${raw.method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`];
  for (let i = 0; i < raw.rawHeaders.length; i += 2) {
    const name = raw.rawHeaders[i] ?? '';
    if (name.toLowerCase() !== 'host') lines.push(`${name}: ${raw.rawHeaders[i + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Joins an upgrade request with the runtime's streaming server, byte for byte. Resolves when both are done. */
export async function passToRuntime(
  path: StreamPath,
  query: URLSearchParams,
  {
    raw,
    socket,
    head,
    runtime,
    directory,
    signal,
  }: { raw: IncomingMessage; socket: Duplex; head: Buffer; runtime: Runtime; directory: PodDirectory; signal: AbortSignal },
): Promise<void> {
  const url = await streamUrl(path, query, { raw, runtime, directory, signal });
  const upstream = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) });
  upstream.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    upstream.once('connect', resolve);
    upstream.once('error', reject);
  });
  upstream.write(replay(raw, url));
  if (head.length > 0) upstream.write(head);
  await new Promise<void>((resolve) => {
    const finish = () => {
      upstream.destroy();
      socket.destroy();
      resolve();
    };
    for (const end of [upstream, socket]) {
      end.on('error', finish);
      end.on('close', finish);
    }
    signal.addEventListener('abort', finish, { once: true });
    upstream.pipe(socket);
    socket.pipe(upstream);
  });
}
