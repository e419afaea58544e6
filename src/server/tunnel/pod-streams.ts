import type { IncomingMessage } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import type { Upgraded } from '../outbound/connection.ts';
import type { ObjectReader, StreamHandler } from '../ports.ts';
import { forwardedPorts } from './forwarded-ports.ts';
import type { Dialer, Target } from './kubelet.ts';
import { checkLogOptions } from './log-options.ts';
import { rawUpgrade } from './raw-upgrade.ts';
import { KUBELET_PROTOCOL, REMOTE_COMMAND_PROTOCOLS, translateRemoteCommand, wantedStreams } from './remote-command.ts';
import { joinTunnel, TUNNEL_PROTOCOL } from './tunnelled-spdy.ts';
import { acceptWebSocket, isWebSocket, NORMAL_CLOSURE, offeredProtocols, send } from './websocket.ts';

type Handling = Parameters<StreamHandler['handle']>[0];
type Upgrade = NonNullable<Handling['upgrade']>;

export function podOf(objects: ObjectReader, { namespace = '', name = '' }: { namespace?: string; name?: string }): Pod {
  const pod = objects.get<Pod>('pods', namespace, name);
  if (!pod) throw notFound({ plural: 'pods', group: '' }, name);
  return pod;
}

/** The container that is meant: the named one, or the only one (or the default-container annotation's). */
export function containerOf(pod: Pod, wanted: string | null): string {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])].map(
    (c) => c.name,
  );
  const name = pod.metadata?.name;
  if (wanted) {
    if (!all.includes(wanted)) throw new ApiError('BadRequest', `container ${wanted} is not valid for pod ${name}`);
    return wanted;
  }
  const containers = (pod.spec?.containers ?? []).map((c) => c.name);
  const preferred = pod.metadata?.annotations?.['kubectl.kubernetes.io/default-container'];
  if (preferred && containers.includes(preferred)) return preferred;
  if (containers.length === 1 && containers[0]) return containers[0];
  throw new ApiError('BadRequest', `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]`);
}

const encode = (...parts: (string | undefined)[]) => parts.map((p) => encodeURIComponent(p ?? '')).join('/');

/** The kubelet's own names of exec's and attach's parameters. */
function kubeletQuery(query: URLSearchParams): string {
  const wanted = wantedStreams(query);
  const result = new URLSearchParams();
  if (wanted.stdin) result.set('input', '1');
  if (wanted.stdout) result.set('output', '1');
  if (wanted.stderr && !wanted.tty) result.set('error', '1');
  if (wanted.tty) result.set('tty', '1');
  for (const command of query.getAll('command')) result.append('command', command);
  return result.toString();
}

async function refusal(response: IncomingMessage): Promise<ApiError> {
  const text = Buffer.concat(await response.toArray())
    .toString('utf8')
    .trim();
  return new ApiError(response.statusCode === 404 ? 'NotFound' : 'InternalError', text || `the kubelet answered ${response.statusCode}`, {
    code: response.statusCode,
  });
}

/** A SPDY connection to the kubelet for a WebSocket client. Throws what the kubelet says when it refuses. */
async function dialSpdy(dialer: Dialer, target: Target, path: string, protocol: string, signal: AbortSignal): Promise<Upgraded> {
  const headers = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocol };
  const result = await dialer.upgrade(target, { method: 'POST', path, headers, signal });
  if ('refused' in result) throw await refusal(result.refused);
  return result;
}

function needUpgrade(upgrade: Upgrade | undefined): asserts upgrade is Upgrade {
  if (!upgrade) throw new ApiError('BadRequest', 'Upgrade request required');
}

async function remoteCommand(
  dialer: Dialer,
  target: Target,
  path: string,
  { raw, url, context }: Handling,
  upgrade: Upgrade,
): Promise<void> {
  const { socket, head } = upgrade;
  const offered = offeredProtocols(raw);
  const protocol = REMOTE_COMMAND_PROTOCOLS.find((p) => offered.includes(p));
  // SPDY, and WebSockets in other forms (base64, no name at all), the runtime's streaming server speaks itself.
  if (!isWebSocket(raw) || !protocol)
    return rawUpgrade((options) => dialer.upgrade(target, options), path, { raw, socket, head, signal: context.signal });
  const { socket: upstream } = await dialSpdy(dialer, target, path, KUBELET_PROTOCOL, context.signal);
  const ws = await acceptWebSocket(raw, socket, head, protocol);
  await translateRemoteCommand(ws, upstream, wantedStreams(url.searchParams));
}

async function portForward(dialer: Dialer, target: Target, path: string, { raw, context }: Handling, upgrade: Upgrade): Promise<void> {
  const { socket, head } = upgrade;
  // A WebSocket that carries no SPDY has two channels for each port, which the runtime's streaming server makes.
  if (!isWebSocket(raw) || !offeredProtocols(raw).includes(TUNNEL_PROTOCOL))
    return rawUpgrade((options) => dialer.upgrade(target, options), path, { raw, socket, head, signal: context.signal });
  const { socket: upstream } = await dialSpdy(dialer, target, path, 'portforward.k8s.io', context.signal);
  const ws = await acceptWebSocket(raw, socket, head, TUNNEL_PROTOCOL);
  await joinTunnel(ws, upstream as Duplex);
}

/** What a log may be read as over a WebSocket; without any of these names it is binary. */
const READER_PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io'];

/** An empty message, so that the client knows that it is connected, and then the log as it comes. */
async function sendLog(log: Readable, raw: IncomingMessage, { socket, head }: Upgrade): Promise<void> {
  const offered = offeredProtocols(raw);
  const protocol = READER_PROTOCOLS.find((p) => offered.includes(p));
  if (offered.length > 0 && !protocol) {
    log.destroy();
    const message = `requested protocol(s) are not supported: [${offered.join(' ')}]; supports [ ${READER_PROTOCOLS.join(' ')}]`;
    throw new ApiError('BadRequest', message);
  }
  const ws = await acceptWebSocket(raw, socket, head, protocol);
  ws.on('close', () => log.destroy());
  ws.on('error', () => ws.terminate());
  const isText = protocol === 'base64.binary.k8s.io';
  try {
    await send(ws, Buffer.alloc(0), { isText });
    for await (const chunk of log as AsyncIterable<Buffer>)
      await send(ws, isText ? Buffer.from(chunk.toString('base64')) : chunk, { isText });
    ws.close(NORMAL_CLOSURE);
  } catch {
    ws.terminate();
  }
}

async function log(dialer: Dialer, objects: ObjectReader, { request, raw, url, context, reply, upgrade }: Handling): Promise<void> {
  if (upgrade && !isWebSocket(raw)) throw new ApiError('BadRequest', 'logs are read over HTTP or a WebSocket');
  checkLogOptions(url.searchParams, request.name ?? '');
  const pod = podOf(objects, request);
  const container = containerOf(pod, url.searchParams.get('container'));
  const query = new URLSearchParams(url.searchParams);
  query.delete('container');
  const path = `/containerLogs/${encode(request.namespace, request.name, container)}?${query}`;
  if (!pod.spec?.nodeName && upgrade) return sendLog(Readable.from([]), raw, upgrade);
  if (!pod.spec?.nodeName) return void reply?.writeHead(204).end();
  const response = await dialer.request(dialer.podTarget(pod), { method: 'GET', path, headers: {}, signal: context.signal });
  if (response.statusCode !== 200) {
    const error = await refusal(response);
    throw new ApiError(response.statusCode === 404 ? 'NotFound' : 'BadRequest', error.message);
  }
  if (upgrade) return sendLog(response, raw, upgrade);
  reply?.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  reply?.flushHeaders();
  await new Promise<void>((resolve) => {
    reply?.on('close', resolve);
    response.on('error', () => reply?.destroy());
    if (reply) response.pipe(reply);
  });
}

/** Handlers of the streaming subresources of pods, by `resource/subresource`. */
export function podStreams(dialer: Dialer, objects: ObjectReader): Readonly<Record<string, StreamHandler>> {
  const command = (verb: 'exec' | 'attach'): StreamHandler => ({
    async handle(handling) {
      const pod = podOf(objects, handling.request);
      const container = containerOf(pod, handling.url.searchParams.get('container'));
      const target = dialer.podTarget(pod);
      needUpgrade(handling.upgrade);
      if (verb === 'exec' && !handling.url.searchParams.has('command'))
        throw new ApiError('BadRequest', 'you must specify at least 1 command for the container');
      const { namespace, name } = handling.request;
      const path = `/${verb}/${encode(namespace, name, container)}?${kubeletQuery(handling.url.searchParams)}`;
      await remoteCommand(dialer, target, path, handling, handling.upgrade);
    },
  });
  return {
    'pods/exec': command('exec'),
    'pods/attach': command('attach'),
    'pods/portforward': {
      async handle(handling) {
        const target = dialer.podTarget(podOf(objects, handling.request));
        needUpgrade(handling.upgrade);
        const ports = forwardedPorts(handling.url.searchParams.getAll('ports'));
        const path = `/portForward/${encode(handling.request.namespace, handling.request.name)}${ports.length > 0 ? `?port=${ports.join()}` : ''}`;
        await portForward(dialer, target, path, handling, handling.upgrade);
      },
    },
    'pods/log': { handle: (handling) => log(dialer, objects, handling) },
  };
}
