import type { IncomingMessage } from 'node:http';
import { getCACertificates } from 'node:tls';
import { ApiError } from '../../api/meta/status.ts';
import { GO_TYPE_META } from '../../api/schema/index.ts';
import { deadline, TOO_LATE } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { parseExactJson } from '../../base/exact-json.ts';
import type { Random } from '../../base/random.ts';
import type { ObjectReader } from '../ports.ts';
import { type Peer, type SendOptions, send, sendUpgrade, type UpgradeResult } from './connection.ts';
import { OutboundAgent } from './outbound-agent.ts';
import type { OutboundCredentials, OutboundEndpoint } from './outbound-endpoint.ts';
import { inGoWords, OutboundError } from './outbound-error.ts';
import { type Hop, nextHop } from './redirect.ts';
import { refusalOf, retryAfterSeconds } from './server-response.ts';
import { HTTPS_PORT, serviceAddress } from './service-endpoint.ts';

export type { OutboundEndpoint };

export interface JsonCall {
  readonly body: unknown;
  /** Told to the other side as well, as `?timeout=10s`. */
  readonly timeoutMs: number;
  /** Greatest answer that is read. Absent: 3 MiB. */
  readonly maxAnswerBytes?: number;
  readonly signal: AbortSignal;
}

/** The one HTTPS client for what the API server calls itself. */
export interface Outbound extends Disposable {
  /**
   * POSTs JSON and answers with the JSON value that came back. Redirects are followed; who answers 429 or 5xx and says after how many seconds it may be asked again is
   * asked again, within the timeout (client-go, rest/with_retry.go). Rejects with OutboundError.
   */
  postJson(endpoint: OutboundEndpoint, call: JsonCall): Promise<unknown>;
  /** POSTs a text that is JSON, and does not care what comes back as long as it is no refusal. Rejects with OutboundError. */
  postText(endpoint: OutboundEndpoint, call: JsonCall & { readonly body: string }): Promise<void>;
  /** GETs one text. `path` replaces the target's. Rejects with OutboundError. */
  getText(
    endpoint: OutboundEndpoint,
    call: Omit<JsonCall, 'body'> & { path: string; headers?: SendOptions['headers'] },
  ): Promise<{ code: number; headers: IncomingMessage['headers']; text: string }>;
  /** Any request, its answer as a stream. `path` replaces the target's. Rejects with OutboundError. */
  open(endpoint: OutboundEndpoint, options: SendOptions): Promise<IncomingMessage>;
  upgrade(endpoint: OutboundEndpoint, options: SendOptions): Promise<UpgradeResult>;
}

const ANSWER_LIMIT_BYTES = 3 * 1024 * 1024;
/** Connections that nobody uses are closed after this time. */
const IDLE_MS = 30_000;
const FREE_CONNECTIONS_PER_PEER = 16;
/** As many requests as Go's client makes of one, and as often as client-go asks again. */
const MOST_REQUESTS = 10;
const MOST_RETRIES = 10;
const USER_AGENT = 'kube-apiserver-admission';

export interface OutboundOptions {
  readonly objects: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
}

export function createOutbound({ objects, clock, random }: OutboundOptions): Outbound {
  // Node keeps connections apart by address, names, trust and client certificate.
  const keeping = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: FREE_CONNECTIONS_PER_PEER, scheduling: 'lifo' } as const;
  const agent = new OutboundAgent({ ...keeping, clock });

  function route(endpoint: OutboundEndpoint): { peer: Peer; location: Location } {
    const location = locationOf(endpoint);
    const tls = tlsOf(endpoint);
    const { target } = endpoint;
    if ('url' in target) {
      const { host, port } = location;
      return { location, peer: { protocol: 'https:', host, port, agent, tls: { ...tls, serverName: target.serverName } } };
    }
    const address = serviceAddress(objects, target.service, random);
    return { location, peer: { protocol: 'https:', ...address, agent, tls: { ...tls, serverName: location.host } } };
  }

  async function run<T>(
    endpoint: OutboundEndpoint,
    options: SendOptions,
    work: (peer: Peer, complete: SendOptions) => Promise<T>,
  ): Promise<T> {
    const url = urlOf(locationOf(endpoint), options.path);
    let at = { host: '', port: 0 };
    try {
      const { peer, location } = route(endpoint);
      at = peer;
      return await work(peer, { ...options, headers: headersOf(endpoint, location, options.headers) });
    } catch (error) {
      if (error instanceof OutboundError) throw error;
      const say = (text: string) => said(options, url, text);
      const { signal } = options;
      if (signal.aborted && signal.reason === TOO_LATE)
        throw new OutboundError('DeadlineExceeded', say('context deadline exceeded'), { cause: error });
      if (signal.aborted) throw new OutboundError('Canceled', say('context canceled'), { cause: error });
      throw new OutboundError('Unreachable', say(error instanceof ApiError ? error.message : inGoWords(error, at)), { cause: error });
    }
  }

  async function text(endpoint: OutboundEndpoint, options: SendOptions, limit = ANSWER_LIMIT_BYTES): Promise<Answer> {
    return await run(endpoint, options, async (peer, complete) => {
      const response = await send(peer, complete);
      return { response, body: await readText(response, limit) };
    });
  }

  /** Messages name the method of the first request, as Go's do. */
  async function follow(endpoint: OutboundEndpoint, first: SendOptions, limit?: number): Promise<Answer> {
    let hop: Hop = { endpoint, options: first, url: urlOf(locationOf(endpoint), first.path) };
    for (let asked = 1; ; asked += 1) {
      const answer = await text(hop.endpoint, hop.options, limit);
      const next = nextHop(hop, answer.response);
      if (!next) return answer;
      if (asked === MOST_REQUESTS) {
        throw new OutboundError(
          'Unreachable',
          said(first, answer.response.headers.location ?? '', `stopped after ${MOST_REQUESTS} redirects`),
        );
      }
      hop = next;
    }
  }

  async function post(endpoint: OutboundEndpoint, content: string, { timeoutMs, maxAnswerBytes, signal }: Omit<JsonCall, 'body'>) {
    using limit = deadline(signal, clock, timeoutMs);
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(content)),
      accept: 'application/json, */*',
    };
    const path = `${locationOf(endpoint).path}?timeout=${goSeconds(timeoutMs)}`;
    const options = { method: 'POST', path, headers, body: content, signal: limit.signal };
    for (let tries = 1; ; tries += 1) {
      const answer = await follow(endpoint, options, maxAnswerBytes);
      if (isSuccess(answer.response)) return answer;
      const seconds = retryAfterSeconds(answer.response);
      if (seconds === undefined || tries > MOST_RETRIES) {
        const status = refusalOf(answer.response, answer.body);
        throw new OutboundError('Status', status.message, { status });
      }
      await clock.sleep(Math.min(seconds * 1000, timeoutMs), { signal: limit.signal }).catch(() => {});
    }
  }

  return {
    postJson: async (endpoint, { body, ...call }) => parseJson(await post(endpoint, JSON.stringify(body), call)),
    postText: async (endpoint, { body, ...call }) => void (await post(endpoint, body, call)),
    async getText(endpoint, { path, headers = {}, timeoutMs, maxAnswerBytes, signal }) {
      using limit = deadline(signal, clock, timeoutMs);
      const { response, body } = await text(endpoint, { method: 'GET', path, headers, signal: limit.signal }, maxAnswerBytes);
      return { code: response.statusCode ?? 0, headers: response.headers, text: body };
    },
    open: (endpoint, options) => run(endpoint, options, send),
    upgrade: (endpoint, options) => run(endpoint, options, sendUpgrade),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

interface Location {
  readonly host: string;
  readonly port: number;
  /** With its port where the target names one: what `Host` and messages say. */
  readonly authority: string;
  readonly path: string;
}

/** Throws OutboundError for a URL that is none. */
function locationOf({ target }: OutboundEndpoint): Location {
  if ('service' in target) {
    const { name, namespace, port = HTTPS_PORT, path } = target.service;
    const host = `${name}.${namespace}.svc`;
    return { host, port, authority: `${host}:${port}`, path: path || '/' };
  }
  const url = URL.parse(target.url);
  if (url?.protocol !== 'https:') throw new OutboundError('Unreachable', `Unparsable URL: ${target.url}`);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || HTTPS_PORT), authority: url.host, path: url.pathname };
}

const urlOf = ({ authority }: Location, path: string): string => `https://${authority}${path}`;

function headersOf({ credentials }: OutboundEndpoint, { authority }: Location, headers: SendOptions['headers']): SendOptions['headers'] {
  const authorization = credentials && authorizationOf(credentials);
  return { 'user-agent': USER_AGENT, ...headers, host: authority, ...(authorization && { authorization }) };
}

function authorizationOf(credentials: OutboundCredentials): string | undefined {
  if ('token' in credentials) return `Bearer ${credentials.token}`;
  if ('username' in credentials) return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  return undefined;
}

let machineTrust: readonly string[] | undefined;

function tlsOf({ caBundle, skipVerification, credentials }: OutboundEndpoint): NonNullable<Peer['tls']> {
  if (!caBundle && !skipVerification) machineTrust ??= [...getCACertificates('default'), ...getCACertificates('system')];
  const ca = caBundle || machineTrust;
  return {
    verify: !skipVerification,
    ...(ca && !skipVerification && { ca }),
    ...(credentials && 'cert' in credentials && { cert: credentials.cert, key: credentials.key }),
  };
}

/** Throws OutboundError past the limit, and node's error when the connection breaks. */
export async function readText(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new OutboundError('TooLarge', `the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Go reads YAML as well: what begins like no JSON is a text to it. */
function parseJson({ response, body }: { response: IncomingMessage; body: string }): unknown {
  if (body === '') {
    const type = response.headers['content-type'] ?? 'application/json';
    throw new OutboundError('Undecodable', `0-length response with status code: ${response.statusCode} and content type: ${type}`);
  }
  try {
    return parseExactJson(body);
  } catch (cause) {
    const isText = !/^\s*[[{]/.test(body);
    const why = isText ? `json: cannot unmarshal string into Go value of type ${GO_TYPE_META}` : (cause as Error).message;
    throw new OutboundError('Undecodable', `couldn't get version/kind; json parse error: ${why}`, { cause });
  }
}

interface Answer {
  readonly response: IncomingMessage;
  readonly body: string;
}

/** Past 206 client-go reads no success (rest/request.go). */
const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode <= 206;

const said = ({ method }: SendOptions, url: string, text: string): string => `${capitalised(method)} ${JSON.stringify(url)}: ${text}`;

const capitalised = (method: string): string => method.charAt(0) + method.slice(1).toLowerCase();

/** Whole seconds, rounded up, as Go writes durations: `10s`, `1m30s`. */
function goSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** PEM out of an object's `caBundle`, which is base64. */
export const pemOf = (caBundle: string | undefined): string | undefined =>
  caBundle ? Buffer.from(caBundle, 'base64').toString('utf8') : undefined;
