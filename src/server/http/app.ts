import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { ApiError } from '../../api/meta/status.ts';
import { type CompressedDocument, type Document, documentResponse, isRouted, type Redirection, statusResponse } from './documents.ts';
import { checkHealth, type HealthCheck, NO_SUCH_PAGE } from './health.ts';
import { isPretty } from './pretty.ts';
import { answerZpage, type Zpage } from './zpages.ts';

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
const { 'X-Content-Type-Options': _, ...CHECKED } = PLAIN_TEXT;
const NO_QUERY = new URLSearchParams();
/** What the router of a served group and version says of a path that it does not know. */
const NOT_FOUND = new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });
const NOT_ALLOWED = new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });

/** Says how long it is: those who ask by HEAD get nothing else. */
const textResponse = (text: string, status: number, headers: Readonly<Record<string, string>>): Response =>
  new Response(text, { status, headers: { ...headers, 'Content-Length': String(Buffer.byteLength(text)) } });

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
      // One check that is well is answered more plainly than all of them.
      const headers = only !== undefined && report.code === 200 ? CHECKED : PLAIN_TEXT;
      return textResponse(report.text, report.code, headers);
    };
    app.all(`/${endpoint}`, (c) => answer(c.req.url, undefined));
    app.all(`/${endpoint}/*`, (c) => answer(c.req.url, c.req.path.slice(endpoint.length + 2)));
  }
  for (const [path, page] of Object.entries(metrics))
    app.all(path, async () => {
      const { contentType, text } = await page();
      return new Response(text, { headers: { 'Content-Type': `${contentType}; escaping=underscores` } });
    });
  for (const page of zpages) app.all(page.path, (c) => answerZpage(page, c.req.header('accept')));
  const found = async (path: string, accept: string | undefined, query: URLSearchParams) => {
    for (const find of documents) {
      const document = await find(path, accept, query);
      if (document) return document;
    }
    return undefined;
  };
  const missing = async (path: string, accept?: string) => {
    const group = /^\/apis\/[^/]+(?=\/)/.exec(path)?.[0];
    const above = group === undefined ? undefined : await found(group, undefined, NO_QUERY);
    if (path.startsWith('/api/') || (above && 'object' in above && above.object?.routed)) return statusResponse(NOT_FOUND, accept);
    if (path.startsWith('/openapi/v3/')) return new Response(null, { status: 404 });
    return textResponse(NO_SUCH_PAGE, 404, PLAIN_TEXT);
  };
  app.get('/debug/*', (c) => {
    const text = debug?.(c.req.path, new URL(c.req.url).searchParams);
    return text === undefined ? missing(c.req.path) : new Response(text, { headers: PLAIN_TEXT });
  });
  app.all('*', async (c) => {
    const { path, url } = c.req;
    const accept = c.req.header('accept');
    const document = await found(path, accept, new URL(url).searchParams);
    if (!document) return missing(path, accept);
    const clean = path.replace(/\/$/, '');
    if (c.req.method !== 'GET' && isRouted(clean, document)) return statusResponse(NOT_ALLOWED, accept);
    if ('location' in document) return new Response(null, { status: 301, headers: { Location: document.location } });
    const takesGzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    const pretty = /^\/apis?(?:\/|$)/.test(path) && isPretty({ url, headers: { 'user-agent': c.req.header('user-agent') } });
    return documentResponse(document, { path: clean, url, accept, known: c.req.header('if-none-match'), takesGzip, pretty });
  });
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}
