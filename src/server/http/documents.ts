import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { encodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { checkOffered, checkRouted, errorFormat, negotiateFormat } from './accept.ts';
import { prettyJson } from './pretty.ts';
import { yamlText } from './yaml-text.ts';

/** A finished answer; discovery/ and openapi/ make these. */
export interface Document {
  readonly bytes: Uint8Array;
  /** Quoted. */
  readonly etag: string;
  readonly contentType: string;
  /**
   * It is an object, which is written in every format. `routed`: upstream's router answers `itself`, which takes GET alone, or all paths `below` it that nobody else
   * knows.
   */
  readonly object?: { readonly routed?: 'itself' | 'below' };
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

export interface Asked {
  readonly path: string;
  readonly accept: string | undefined;
  readonly url: string;
  readonly known: string | undefined;
  readonly takesGzip: boolean;
  readonly pretty: boolean;
}

/** Beside discovery: what upstream's router answers, which takes GET alone. */
const ROUTED = new Set(['/version', '/.well-known/openid-configuration', '/openid/v1/jwks']);

export const isRouted = (path: string, document: Document | CompressedDocument | Redirection): boolean =>
  ROUTED.has(path) || ('object' in document && document.object?.routed === 'itself');

/** How long a document is good: only those that clients ask for again and again have a tag. */
function caching({ path, url }: Asked, { etag, contentType }: Document | CompressedDocument): Record<string, string> {
  if (contentType.includes('apidiscovery.k8s.io')) return { ETag: etag, Vary: 'Accept', 'Cache-Control': 'public' };
  if (path !== '/version' && ROUTED.has(path)) return { 'Cache-Control': 'public, max-age=3600' };
  if (path === '/openapi/v2') return { ETag: etag, Vary: 'Accept-Encoding, Accept' };
  if (!path.startsWith('/openapi/v3/')) return {};
  return { ETag: etag, Vary: 'Accept', ...(url.includes('?hash=') && { 'Cache-Control': 'public, immutable' }) };
}

/** A document as the client asked for it, or why it cannot have it. */
export async function documentResponse(document: Document | CompressedDocument, asked: Asked): Promise<Response> {
  try {
    return await acceptableResponse(document, asked);
  } catch (error) {
    if (error instanceof ApiError) return statusResponse(error, asked.accept);
    throw error;
  }
}

async function acceptableResponse(document: Document | CompressedDocument, asked: Asked): Promise<Response> {
  const { known, takesGzip } = asked;
  const { etag, contentType } = document;
  const headers = caching(asked, document);
  if (headers.ETag !== undefined && known === etag) return new Response(null, { status: 304, headers });
  const respond = (bytes: Uint8Array, more: Record<string, string> = {}) =>
    new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { ...headers, 'Content-Type': contentType, ...more } });
  if ('gzip' in document) return takesGzip ? respond(document.gzip, { 'Content-Encoding': 'gzip' }) : respond(await document.bytes());
  if (ROUTED.has(asked.path)) checkOffered(asked.accept, [contentType]);
  if (!document.object || contentType.includes('apidiscovery.k8s.io')) return respond(document.bytes);
  return objectResponse(document, asked, respond);
}

/** Discovery in the client's format, as upstream negotiates it. Its first router takes less than what answers in the end. */
function objectResponse(
  { bytes, object }: Document,
  { accept, pretty }: Asked,
  respond: (bytes: Uint8Array, more?: Record<string, string>) => Response,
): Response {
  if (object?.routed === 'itself') checkRouted(accept, undefined);
  const format = negotiateFormat(accept);
  if (format === 'json') return respond(pretty ? prettyJson(Buffer.from(bytes)) : bytes);
  const value = JSON.parse(new TextDecoder().decode(bytes)) as KubeObject;
  if (format === 'yaml') return respond(new TextEncoder().encode(yamlText(value)), { 'Content-Type': 'application/yaml' });
  return respond(encodeProtobuf({ apiVersion: 'v1', ...value }), { 'Content-Type': PROTOBUF });
}

/** An error in the format that the client asked for. */
export function statusResponse(error: ApiError, accept: string | undefined): Response {
  const status = error.toStatus();
  const format = errorFormat(accept);
  const [type, body] = {
    json: () => ['application/json', Buffer.from(`${JSON.stringify(status)}\n`)] as const,
    yaml: () => ['application/yaml', Buffer.from(yamlText(status))] as const,
    protobuf: () => [PROTOBUF, encodeProtobuf(status) as Uint8Array<ArrayBuffer>] as const,
  }[format]();
  return new Response(body, { status: error.code, headers: { 'Content-Type': type, 'Content-Length': String(body.length) } });
}
