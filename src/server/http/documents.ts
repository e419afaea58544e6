import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { encodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { checkRouted, negotiateFormat } from './accept.ts';
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

/** How long a document is good: only those that clients ask for again and again have a tag. */
function caching({ path, url }: Asked, { etag, contentType }: Document | CompressedDocument): Record<string, string> {
  if (contentType.includes('apidiscovery.k8s.io')) return { ETag: etag, Vary: 'Accept', 'Cache-Control': 'public' };
  if (path === '/openapi/v2') return { ETag: etag, Vary: 'Accept-Encoding, Accept' };
  if (!path.startsWith('/openapi/v3/')) return {};
  return { ETag: etag, Vary: 'Accept', ...(url.includes('?hash=') && { 'Cache-Control': 'public, immutable' }) };
}

export async function documentResponse(document: Document | CompressedDocument, asked: Asked): Promise<Response> {
  const { known, takesGzip } = asked;
  const { etag, contentType } = document;
  const headers = caching(asked, document);
  if (headers.ETag !== undefined && known === etag) return new Response(null, { status: 304, headers });
  const respond = (bytes: Uint8Array, more: Record<string, string> = {}) =>
    new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { ...headers, 'Content-Type': contentType, ...more } });
  if ('gzip' in document) return takesGzip ? respond(document.gzip, { 'Content-Encoding': 'gzip' }) : respond(await document.bytes());
  if (!document.object || contentType.includes('apidiscovery.k8s.io')) return respond(document.bytes);
  return objectResponse(document, asked, respond);
}

/** Discovery in the client's format, as upstream negotiates it. Its first router takes less than what answers in the end. */
function objectResponse(
  { bytes, object }: Document,
  { accept, pretty }: Asked,
  respond: (bytes: Uint8Array, more?: Record<string, string>) => Response,
): Response {
  try {
    if (object?.routed === 'itself') checkRouted(accept, undefined);
    const format = negotiateFormat(accept);
    if (format === 'json') return respond(pretty ? prettyJson(Buffer.from(bytes)) : bytes);
    const value = JSON.parse(new TextDecoder().decode(bytes)) as KubeObject;
    if (format === 'yaml') return respond(new TextEncoder().encode(yamlText(value)), { 'Content-Type': 'application/yaml' });
    return respond(encodeProtobuf({ apiVersion: 'v1', ...value }), { 'Content-Type': PROTOBUF });
  } catch (error) {
    if (error instanceof ApiError) return Response.json(error.toStatus(), { status: error.code });
    throw error;
  }
}
