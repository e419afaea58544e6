import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { KubeList, KubeObject } from '../api/meta/object.ts';
import { ApiError, fromStatus, STATUS_CODES, type Status, type StatusReason } from '../api/meta/status.ts';
import { type HttpRequest, toHttp } from '../api/request-url.ts';
import type { ApiRequest, Transport, WatchEvent } from '../api/transport.ts';
import { deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { jsonLines } from './json-lines.ts';

/** Asked for at each request, so that renewed certificates and tokens are used from the next connection on. */
export type ClientCredentials = { readonly cert: string; readonly key: string } | { readonly token: string } | { readonly anonymous: true };

export interface HttpsTransportOptions {
  /** `https://host:6443`. */
  readonly server: string;
  /** PEM of the only CAs that are trusted. The system's own are not. */
  readonly ca: string;
  readonly credentials: () => ClientCredentials | Promise<ClientCredentials>;
  readonly clock: Clock;
  readonly userAgent?: string;
  /** For requests other than watches. */
  readonly timeoutMs?: number;
  /** A watch that is silent for this long, bookmarks included, is taken for dead and ends; the caller resumes it. */
  readonly watchIdleMs?: number;
}

/** One request that ended. */
export interface RequestOutcome {
  readonly method: string;
  /** `host:port` of the server. */
  readonly host: string;
  /** Undefined: no answer came. */
  readonly code: number | undefined;
  /** Until the whole answer was there; undefined for a watch, which is over when it began. */
  readonly seconds: number | undefined;
}

export interface HttpsTransport extends Transport, Disposable {
  /** From now on. */
  onRequest(listener: (outcome: RequestOutcome) => void): void;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Servers send a bookmark about once a minute. */
const WATCH_IDLE_MS = 150_000;
const KEEP_ALIVE_MS = 15_000;

/** Kubernetes' HTTP API over TLS with kept-alive connections. Rejects with ApiError; ServiceUnavailable when the server cannot be reached. */
export function httpsTransport(options: HttpsTransportOptions): HttpsTransport {
  const { clock, timeoutMs = REQUEST_TIMEOUT_MS, watchIdleMs = WATCH_IDLE_MS } = options;
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, ca: options.ca, minVersion: 'TLSv1.2', maxCachedSessions: 10 });
  const connection = { agent, url: new URL(options.server), options };
  const listeners: ((outcome: RequestOutcome) => void)[] = [];
  const { host } = connection.url;
  const tell = (method: string, code: number | undefined, seconds?: number) => {
    for (const listener of listeners) listener({ method, host, code, seconds });
  };

  return {
    async request(request: ApiRequest, { signal }) {
      using limit = deadline(signal, clock, timeoutMs);
      const [http, startedMs] = [toHttp(request), clock.monotonic()];
      let code: number | undefined;
      try {
        const response = await open(connection, http, limit.signal);
        code = response.statusCode;
        const text = await readAll(response);
        const answer = parse(text, response);
        if (!isOk(response)) throw failure(answer, response, text);
        return request.verb === 'list' ? withKinds(answer as KubeList) : (answer as KubeObject | Status);
      } catch (error) {
        throw explain(error, signal, limit.signal, options.server);
      } finally {
        tell(http.method, code, (clock.monotonic() - startedMs) / 1000);
      }
    },
    async *watch(request: ApiRequest, { signal }) {
      const idle = new AbortController();
      const either = AbortSignal.any([signal, idle.signal]);
      let timer = clock.timer(watchIdleMs, () => idle.abort());
      const alive = () => {
        timer[Symbol.dispose]();
        timer = clock.timer(watchIdleMs, () => idle.abort());
      };
      try {
        const http = toHttp(request);
        const response = await open(connection, http, either).catch((error: unknown) => {
          tell(http.method, undefined);
          throw error;
        });
        tell(http.method, response.statusCode);
        alive();
        if (!isOk(response)) {
          const text = await readAll(response);
          throw failure(parse(text, response), response, text);
        }
        for await (const event of jsonLines(watched(response, alive))) {
          const { type, object } = event as WatchEvent;
          if (type === 'ERROR') throw fromStatus(object);
          yield event as WatchEvent;
        }
      } catch (error) {
        if (idle.signal.aborted || isCut(error)) return;
        throw explain(error, signal, either, options.server);
      } finally {
        timer[Symbol.dispose]();
        idle.abort();
      }
    },
    onRequest: (listener) => void listeners.push(listener),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

interface Connection {
  readonly agent: Agent;
  readonly url: URL;
  readonly options: HttpsTransportOptions;
}

async function open({ agent, url, options }: Connection, http: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const credentials = await options.credentials();
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        agent,
        host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: url.port || 443,
        method: http.method,
        path: http.path,
        signal,
        // The agent keeps connections apart by certificate and key: a renewed one opens its own.
        ...('cert' in credentials && { cert: credentials.cert, key: credentials.key }),
        headers: {
          accept: 'application/json',
          'user-agent': options.userAgent ?? 'minik',
          ...('token' in credentials && { authorization: `Bearer ${credentials.token}` }),
          ...(http.body !== undefined && { 'content-type': http.contentType, 'content-length': Buffer.byteLength(http.body) }),
        },
      },
      resolve,
    );
    request.on('socket', (socket) => socket.setNoDelay(true));
    request.on('error', reject);
    request.end(http.body);
  });
}

async function* watched(response: IncomingMessage, alive: () => void): AsyncIterable<Buffer> {
  for await (const chunk of response) {
    alive();
    yield chunk as Buffer;
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const isOk = (response: IncomingMessage) => (response.statusCode ?? 500) < 300;

function parse(text: string, response: IncomingMessage): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!isOk(response)) return undefined;
    throw new ApiError('InternalError', 'the server answered with something that is not JSON', { cause });
  }
}

function failure(answer: unknown, response: IncomingMessage, text: string): ApiError {
  if (typeof answer === 'object' && answer !== null && (answer as Status).kind === 'Status') return fromStatus(answer as Status);
  const code = response.statusCode ?? 500;
  const reason = (Object.keys(STATUS_CODES) as StatusReason[]).find((r) => STATUS_CODES[r] === code) ?? 'InternalError';
  return new ApiError(reason, `the server answered ${code}: ${text.slice(0, 200)}`, { code });
}

/** The server or a proxy cut the stream: for a watch the same as its end. */
const isCut = (error: unknown) => error instanceof Error && (error as NodeJS.ErrnoException).code === 'ECONNRESET';

function explain(error: unknown, signal: AbortSignal, limit: AbortSignal, server: string): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ApiError) return error;
  if (limit.aborted) return new ApiError('Timeout', `${server} did not answer in time`, { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return new ApiError('ServiceUnavailable', `cannot reach ${server}: ${text}`, { cause: error });
}

/** Items of lists of built-in kinds do not say what they are; objects in process do, and their readers refer to them by it. */
function withKinds(list: KubeList): KubeList {
  const { apiVersion, kind = '', items } = list;
  if (!items?.some((item) => item.kind === undefined)) return list;
  return { ...list, items: items.map((item) => ({ apiVersion, kind: kind.replace(/List$/, ''), ...item })) };
}
