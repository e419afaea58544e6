import type { IncomingHttpHeaders } from 'node:http';
import { type Agent, request } from 'node:https';
import { registry as definitions } from '../../api/index.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { systemRandom } from '../../base/random.ts';
import { openStore } from '../../store/open.ts';
import { createWatchCache } from '../../store/watch-cache/watch-cache.ts';
import { type ApiServer, type ApiServerOptions, createApiServer, openApi } from '../server.ts';
import { TEST_CERT, TEST_KEY } from './fake-certificate.ts';

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
}

export interface Answered {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): { [field: string]: unknown };
}

/** A whole API server on a port of its own, in memory: the Authorization header is the user's name, and everybody may do everything. */
export interface FakeServer {
  readonly server: ApiServer;
  readonly port: number;
  call(path: string, call?: Call): Promise<Answered>;
  stop(): Promise<void>;
}

/** As `serve`, and what definitions of custom resources bring is served, too. */
export async function serveCustomResources(): Promise<FakeServer> {
  const fake = await serve();
  const ending = new AbortController();
  const ended = fake.server.customResources.run({ signal: ending.signal, ready() {} });
  return {
    ...fake,
    async stop() {
      ending.abort();
      await ended;
      await fake.stop();
    },
  };
}

export async function serve(options: Partial<ApiServerOptions> = {}): Promise<FakeServer> {
  const clock = options.clock ?? systemClock;
  const store = await openStore({ url: 'memory:', clock, log: silentLogger });
  const cache = createWatchCache(store, { clock, log: silentLogger });
  const server = createApiServer({
    admission: [],
    resources: options.resources ?? (await openApi(definitions, cache)),
    authenticator: async ({ authorization }) => (authorization ? { name: authorization, groups: [] } : undefined),
    authorizer: () => ({ allowed: true, reason: '' }),
    clock,
    random: systemRandom,
    log: silentLogger,
    tls: { current: () => ({ key: TEST_KEY, cert: TEST_CERT, ca: TEST_CERT }) },
    bindAddress: '127.0.0.1',
    port: 0,
    ...options,
  });
  const ending = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    ended = server.component.run({ signal: ending.signal, ready: resolve });
    ended.catch(reject);
  });
  const { port } = server.address();
  return {
    server,
    port,
    call: (path, call) => callServer(port, path, call),
    async stop() {
      ending.abort();
      await ended;
    },
  };
}

function callServer(port: number, path: string, { method = 'GET', headers = {}, body, agent }: Call = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const all = { authorization: 'me', ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }), ...headers };
    const sent = request({ host: '127.0.0.1', port, path, method, headers: all, rejectUnauthorized: false, agent }, async (response) => {
      const text = (await response.toArray()).join('');
      resolve({ code: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
