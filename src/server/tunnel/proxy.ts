import type { IncomingMessage, ServerResponse } from 'node:http';
import { posix } from 'node:path';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { Service } from '../../api/schema/generated/types.ts';
import { endpointAddress, slicesOf } from '../outbound/service-endpoint.ts';
import type { ObjectReader, StreamHandler } from '../ports.ts';
import type { Dialer, Target } from './kubelet.ts';
import { podOf } from './pod-streams.ts';
import { passedHeaders, rawUpgrade } from './raw-upgrade.ts';
import { passRewritten } from './rewritten-answer.ts';

type Handling = Parameters<StreamHandler['handle']>[0];

/** `https:web:8443` as the proxy subresource names things: scheme, name and port, the outer two optional. */
export function parseProxyName(text: string): { scheme: 'http' | 'https'; name: string; port: string } {
  const parts = text.split(':');
  const [scheme, name, port] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || !name || (scheme !== '' && scheme !== 'http' && scheme !== 'https')) {
    throw new ApiError('BadRequest', `invalid proxy name "${text}": it must be [https:]name[:port]`);
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port: port ?? '' };
}

const target = (scheme: 'http' | 'https', host: string, port: number): Target => ({
  protocol: `${scheme}:`,
  host,
  port,
  tls: scheme === 'https' ? 'unverified' : undefined,
});

function podTarget(objects: ObjectReader, { request }: Handling): Target {
  const { scheme, name, port } = parseProxyName(request.name ?? '');
  const pod = podOf(objects, { namespace: request.namespace, name });
  if (!pod.status?.podIP) throw new ApiError('ServiceUnavailable', `pod ${name} has no address yet`);
  const ports = (pod.spec?.containers ?? []).flatMap((c) => c.ports ?? []);
  const number = port === '' ? (ports[0]?.containerPort ?? 80) : (ports.find((p) => p.name === port)?.containerPort ?? Number(port));
  if (!Number.isInteger(number)) throw new ApiError('BadRequest', `pod ${name} has no port ${port}`);
  return target(scheme, pod.status.podIP, number);
}

/** A ready endpoint behind the Service's port; any of them will do. */
function serviceTarget(objects: ObjectReader, { request }: Handling, pick: () => number): Target {
  const { scheme, name, port } = parseProxyName(request.name ?? '');
  const namespace = request.namespace ?? '';
  const service = objects.get<Service>('services', namespace, name);
  if (!service) throw notFound({ plural: 'services', group: '' }, name);
  const ports = service.spec?.ports ?? [];
  const wanted = port === '' ? (ports.length === 1 ? ports[0] : undefined) : ports.find((p) => p.name === port || String(p.port) === port);
  if (!wanted) throw new ApiError('ServiceUnavailable', `no service port ${JSON.stringify(port)} found for service "${name}"`);
  const chosen = endpointAddress(service, slicesOf(objects, namespace, name), wanted, pick);
  return target(scheme, chosen.host, chosen.port);
}

/** What follows `/proxy` in the URL is the path that the backend sees; what is before it leads there. */
function splitPath({ pathname }: URL): { prefix: string; path: string } {
  const [prefix = ''] = /^.*?\/proxy(?=\/|$)/.exec(pathname) ?? [];
  return { prefix, path: pathname.slice(prefix.length) };
}

/** Links of a page are relative to a directory, which ends in a slash. */
function redirectToDirectory(raw: IncomingMessage, reply: ServerResponse, url: URL): boolean {
  if (raw.method !== 'GET' && raw.method !== 'HEAD') return false;
  reply.writeHead(301, { location: `${url.pathname}/${url.search}` }).end();
  return true;
}

/** What the backend learns of the way that the request took. */
function forwarded(raw: IncomingMessage, prefix: string, path: string): Record<string, string> {
  const from = [raw.headers['x-forwarded-for'] ?? [], raw.socket.remoteAddress?.replace(/^::ffff:/, '') ?? []].flat();
  return { 'x-forwarded-uri': posix.join(prefix, path), ...(from.length > 0 && { 'x-forwarded-for': from.join(', ') }) };
}

async function pass(dialer: Dialer, to: Target, { raw, url, reply, upgrade, context }: Handling): Promise<void> {
  const { prefix, path: own } = splitPath(url);
  const path = `${own || '/'}${url.search}`;
  if (upgrade) return rawUpgrade((options) => dialer.upgrade(to, options), path, { raw, ...upgrade, signal: context.signal });
  if (reply && own === '' && redirectToDirectory(raw, reply, url)) return;
  const { connection, upgrade: _, ...passed } = passedHeaders(raw);
  const server = raw.headers.host ?? String(raw.headers[':authority'] ?? '');
  // Pods are called as the client calls this server; a kubelet's certificate is for its own name.
  const host = server !== '' && to.tls !== 'kubelet' ? { host: server } : {};
  const headers = { ...passed, ...forwarded(raw, prefix, own), ...host };
  const body = raw.method === 'GET' || raw.method === 'HEAD' ? undefined : raw;
  const response = await dialer.request(to, { method: raw.method ?? 'GET', path, headers, body, signal: context.signal });
  if (reply) await passRewritten(response, reply, { prefix, server, backend: `${to.host}:${to.port}` });
}

/** Handlers of the proxy subresources of pods, services and nodes, by `resource/subresource`. */
export function proxyStreams(dialer: Dialer, objects: ObjectReader, pick: () => number): Readonly<Record<string, StreamHandler>> {
  return {
    'pods/proxy': { handle: async (handling) => pass(dialer, podTarget(objects, handling), handling) },
    'services/proxy': { handle: async (handling) => pass(dialer, serviceTarget(objects, handling, pick), handling) },
    'nodes/proxy': {
      handle: async (handling) => pass(dialer, dialer.nodeTarget(parseProxyName(handling.request.name ?? '').name), handling),
    },
  };
}
