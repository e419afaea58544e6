import { ApiError, notFound } from '../../api/meta/status.ts';
import type { Service } from '../../api/schema/generated/types.ts';
import { endpointAddress, slicesOf } from '../outbound/service-endpoint.ts';
import type { ObjectReader, StreamHandler } from '../ports.ts';
import type { Dialer, Target } from './kubelet.ts';
import { podOf } from './pod-streams.ts';
import { passAnswer, passedHeaders, rawUpgrade } from './raw-upgrade.ts';

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

/** What follows `/proxy` in the URL is the path that the backend sees. */
function proxiedPath(url: URL): string {
  const path = url.pathname.replace(/^.*?\/proxy(?=\/|$)/, '');
  return `${path || '/'}${url.search}`;
}

async function pass(dialer: Dialer, to: Target, { raw, url, reply, upgrade, context }: Handling): Promise<void> {
  const path = proxiedPath(url);
  if (upgrade) return rawUpgrade((options) => dialer.upgrade(to, options), path, { raw, ...upgrade, signal: context.signal });
  const { connection, upgrade: _, ...headers } = passedHeaders(raw);
  const body = raw.method === 'GET' || raw.method === 'HEAD' ? undefined : raw;
  const response = await dialer.request(to, { method: raw.method ?? 'GET', path, headers, body, signal: context.signal });
  if (reply) await passAnswer(response, reply);
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
