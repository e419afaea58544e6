import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { ApiError } from '../../api/meta/status.ts';
import { checkHealth, type HealthCheck, NO_SUCH_PAGE } from './health.ts';
import { isPretty, prettyJson } from './pretty.ts';
import { answerZpage, type Zpage } from './zpages.ts';

/** A finished answer; discovery/ and openapi/ make these. */
export interface Document {
  readonly bytes: Uint8Array;
  /** Quoted. */
  readonly etag: string;
  readonly contentType: string;
}

/** A document that is kept compressed and unpacked for the few clients that do not take gzip; openapi/ makes these. */
export interface CompressedDocument {
  readonly gzip: Uint8Array;
  bytes(): Promise<Uint8Array>;
  readonly etag: string;
  readonly contentType: string;
}

export interface Redirection {
  readonly location: string;
}

export interface AppOptions {
  /** Discovery, OpenAPI, /version and other documents: the first that answers. */
  readonly documents: readonly ((
    path: string,
    accept: string | undefined,
    query: URLSearchParams,
  ) => Document | Promise<Document | CompressedDocument | Redirection | undefined> | undefined)[];
  readonly ready: readonly HealthCheck[];
  readonly live: readonly HealthCheck[];
  /** Pages of metrics, by path. */
  readonly metrics: Readonly<Record<string, () => Promise<{ readonly contentType: string; readonly text: string }>>>;
  readonly zpages?: readonly Zpage[];
  /** Plain text about the inside of the server, by path. */
  readonly debug?: (path: string, query: URLSearchParams) => string | undefined;
}

const PLAIN_TEXT = {
  'Content-Type': 'text/plain; charset=utf-8',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache, private',
};
const NO_QUERY = new URLSearchParams();
/** What the router of a served group and version says of a path that it does not know. */
const NOT_FOUND = new ApiError('NotFound', 'the server could not find the requested resource', { details: {} }).toStatus();
const NOT_ALLOWED = new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {
  details: {},
}).toStatus();

/** Everything that is not a resource. Headers are set on the answer as it is made: touching them after `next()` is slow. */
export function createApp({ documents, ready, live, metrics, zpages = [], debug }: AppOptions): ReturnType<typeof getRequestListener> {
  const app = new Hono();
  for (const [endpoint, checks] of [
    ['livez', live],
    ['readyz', ready],
    ['healthz', ready],
  ] as const) {
    const answer = async (url: string, only: string | undefined) => {
      const query = new URL(url, 'https://x').searchParams;
      const report = await checkHealth(checks, { endpoint, only, verbose: query.has('verbose'), exclude: query.getAll('exclude') });
      return new Response(report.text, { status: report.code, headers: PLAIN_TEXT });
    };
    app.get(`/${endpoint}`, (c) => answer(c.req.url, undefined));
    app.get(`/${endpoint}/*`, (c) => answer(c.req.url, c.req.path.slice(endpoint.length + 2) || undefined));
  }
  for (const [path, page] of Object.entries(metrics))
    app.get(path, async () => {
      const { contentType, text } = await page();
      return new Response(text, { headers: { 'Content-Type': contentType } });
    });
  for (const page of zpages) app.get(page.path, (c) => answerZpage(page, c.req.header('accept')));
  const found = async (path: string, accept: string | undefined, query: URLSearchParams) => {
    for (const find of documents) {
      const document = await find(path, accept, query);
      if (document) return document;
    }
    return undefined;
  };
  const missing = async (path: string) => {
    const groupVersion = /^\/apis\/[^/]+\/[^/]+(?=\/)/.exec(path)?.[0];
    const isServed = groupVersion !== undefined && (await found(groupVersion, undefined, NO_QUERY)) !== undefined;
    if (isServed || path.startsWith('/api/')) return Response.json(NOT_FOUND, { status: 404 });
    return new Response(NO_SUCH_PAGE, { status: 404, headers: PLAIN_TEXT });
  };
  app.get('/debug/*', (c) => {
    const text = debug?.(c.req.path, new URL(c.req.url).searchParams);
    return text === undefined ? missing(c.req.path) : new Response(text, { headers: PLAIN_TEXT });
  });
  app.get('*', async (c) => {
    const { path, url } = c.req;
    const document = await found(path, c.req.header('accept'), new URL(url).searchParams);
    if (!document) return missing(path);
    if ('location' in document) return new Response(null, { status: 301, headers: { Location: document.location } });
    const takesGzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    const pretty = /^\/apis?(?:\/|$)/.test(path) && isPretty({ url, headers: { 'user-agent': c.req.header('user-agent') } });
    return documentResponse(document, { path, url, known: c.req.header('if-none-match'), takesGzip, pretty });
  });
  // Documents are only read; what is not there at all is missing for every method.
  app.all('*', async (c) => {
    const known = await found(c.req.path, undefined, new URL(c.req.url).searchParams);
    return known ? Response.json(NOT_ALLOWED, { status: 405 }) : missing(c.req.path);
  });
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}

interface Asked {
  readonly path: string;
  readonly url: string;
  readonly known: string | undefined;
  readonly takesGzip: boolean;
  readonly pretty: boolean;
}

/** How long a document is good: only those that clients ask for again and again have a tag. */
function caching({ path, url }: Asked, { etag, contentType }: Document | CompressedDocument): Record<string, string> {
  if (contentType.includes('apidiscovery.k8s.io')) return { ETag: etag, Vary: 'Accept', 'Cache-Control': 'public' };
  if (path === '/openapi/v2') return { ETag: etag, Vary: 'Accept-Encoding, Accept' };
  if (!path.startsWith('/openapi/v3/')) return {};
  return { ETag: etag, Vary: 'Accept', ...(url.includes('?hash=') && { 'Cache-Control': 'public, immutable' }) };
}

async function documentResponse(document: Document | CompressedDocument, asked: Asked): Promise<Response> {
  const { known, takesGzip, pretty } = asked;
  const { etag, contentType } = document;
  const headers = caching(asked, document);
  if (headers.ETag !== undefined && known === etag) return new Response(null, { status: 304, headers });
  const respond = (bytes: Uint8Array, more: Record<string, string> = {}) =>
    new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { ...headers, ...more, 'Content-Type': contentType } });
  if (!('gzip' in document)) return respond(pretty ? prettyJson(Buffer.from(document.bytes)) : document.bytes);
  return takesGzip ? respond(document.gzip, { 'Content-Encoding': 'gzip' }) : respond(await document.bytes());
}
