import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import { answerError } from '../../agent/streaming/http-error.ts';
import type { KubeletRoutes } from '../../agent/streaming/kubelet-routes.ts';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { SendOptions } from '../../server/outbound/connection.ts';
import type { Dialer } from '../../server/tunnel/kubelet.ts';

function refuse(): never {
  const message = 'the nodes of minik dev are fake: no process runs in their pods, so that there are no logs and nothing to connect to';
  throw new ApiError('NotImplemented', message);
}

/** The way to the kubelet API of fake nodes, in memory: their addresses and their pods' lead nowhere. */
export const fakeDialer = (routesOf: (nodeName: string) => KubeletRoutes | undefined): Dialer => ({
  nodeTarget(name) {
    if (!routesOf(name)) throw notFound({ plural: 'nodes', group: '' }, name);
    return { protocol: 'http:', host: name, port: 0, tls: undefined };
  },
  podTarget: refuse,
  async request({ host }, options) {
    return inMemory(routesOf(host) ?? refuse(), options);
  },
  upgrade: async () => refuse(),
});

function inMemory(routes: KubeletRoutes, { method, path, headers, signal }: SendOptions): Promise<IncomingMessage> {
  const server = createServer((raw, reply) => {
    routes(new URL(raw.url ?? '/', 'http://kubelet'), reply, { signal }).catch((error) => answerError(reply, error));
  });
  const [near, far] = duplexPair();
  server.emit('connection', far);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ createConnection: () => near, method, path, headers, signal });
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
  });
}
