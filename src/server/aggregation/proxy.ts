import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Outbound, OutboundEndpoint } from '../outbound/outbound.ts';
import type { UserInfo } from '../ports.ts';
import { passAnswer, passedHeaders, rawUpgrade } from '../tunnel/raw-upgrade.ts';
import type { ExtensionServer, ExtensionServers } from './extension-servers.ts';

export type { ExtensionServer };

export interface ProxiedRequest {
  readonly raw: IncomingMessage;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
}

/** Passes requests on to extension API servers, after authentication and authorization. */
export interface ExtensionProxy {
  /** undefined: this server's own. */
  find(path: string): ExtensionServer | undefined;
  forward(server: ExtensionServer, request: ProxiedRequest & { readonly reply: ServerResponse }): Promise<void>;
  upgrade(server: ExtensionServer, request: ProxiedRequest & { readonly socket: Duplex; readonly head: Buffer }): Promise<void>;
}

export interface ExtensionProxyOptions {
  readonly servers: ExtensionServers;
  readonly outbound: Outbound;
  /** Our own certificate, by which extension servers know that the user headers are true. */
  readonly frontProxy: () => { readonly cert: string; readonly key: string };
}

const PREFIX = '/apis/';

export function extensionProxy({ servers, outbound, frontProxy }: ExtensionProxyOptions): ExtensionProxy {
  const endpointOf = ({ endpoint }: ExtensionServer): OutboundEndpoint => ({ ...endpoint, credentials: frontProxy() });
  return {
    find(path) {
      if (!path.startsWith(PREFIX)) return undefined;
      const [, , group = '', version = ''] = path.split('/', 4);
      return version === '' ? undefined : servers.find(group, version);
    },
    async forward(server, { raw, reply, user, signal }) {
      if (!server.available) return plain(reply, 'service unavailable');
      const { connection: _, upgrade: __, ...headers } = passedHeaders(raw);
      const body = raw.method === 'GET' || raw.method === 'HEAD' ? undefined : raw;
      const method = raw.method ?? 'GET';
      const options = { method, path: raw.url ?? '/', headers: { ...headers, ...userHeaders(user) }, body, signal };
      try {
        await passAnswer(await outbound.open(endpointOf(server), options), reply);
      } catch (error) {
        if (reply.headersSent) reply.destroy();
        else plain(reply, `error trying to reach service: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    async upgrade(server, { raw, socket, head, user, signal }) {
      if (!server.available) return void socket.end(UNAVAILABLE);
      const dial = (options: Parameters<Outbound['upgrade']>[1]) => outbound.upgrade(endpointOf(server), options);
      await rawUpgrade(dial, raw.url ?? '/', { raw, socket, head, signal, headers: userHeaders(user) });
    },
  };
}

const UNAVAILABLE =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 20\r\nConnection: close\r\n\r\nservice unavailable\n';
const SERVICE_UNAVAILABLE = 503;

/** As Go's http.Error: clients make their own sentence of the code. */
function plain(reply: ServerResponse, text: string): void {
  reply.writeHead(SERVICE_UNAVAILABLE, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
  reply.end(`${text}\n`);
}

/** Who asks, for a server that trusts our front-proxy certificate (Kubernetes: Configure the Aggregation Layer). */
export function userHeaders({ name, uid, groups, extra = {} }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'X-Remote-User': name, 'X-Remote-Group': [...groups] };
  if (uid) headers['X-Remote-Uid'] = uid;
  for (const [key, values] of Object.entries(extra)) headers[`X-Remote-Extra-${escaped(key)}`] = [...values];
  return headers;
}

/** What a header's name cannot hold is percent-encoded, as client-go does. */
const escaped = (key: string): string =>
  key.replace(/[^!#$&'*+.^_`|~0-9A-Za-z-]/g, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
