import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import { RewritingStream } from 'parse5-html-rewriting-stream';
import { type PageAddress, rewriteLink, rewriteTag } from './page-links.ts';
import { answerHeaders, passAnswer } from './raw-upgrade.ts';

/** Whose pages may read the answer is not the backend's to say: it speaks for itself, not for this server. */
const CORS = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
] as const;

/** How a body is unpacked and packed again. Others are passed as they are. */
const ENCODINGS: Readonly<Record<string, () => [Duplex[], Duplex[]]>> = {
  '': () => [[], []],
  gzip: () => [[createGunzip()], [createGzip()]],
  deflate: () => [[createInflateRaw()], [createDeflateRaw()]],
};

const isHtml = (type = ''): boolean => {
  const [name = '', ...parameters] = type
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.replace(/^charset="?([^"]*)"?$/, '$1');
  return name === 'text/html' && (charset ?? 'utf-8') === 'utf-8';
};

/** An answer that came through the proxy, with links and redirects that lead through it again. Resolves when the client has it or is gone. */
export async function passRewritten(response: IncomingMessage, reply: ServerResponse, page: PageAddress): Promise<void> {
  const headers: OutgoingHttpHeaders = answerHeaders(response);
  for (const name of CORS) delete headers[name];
  const { location } = response.headers;
  if (location) return passAnswer(response, reply, { ...headers, location: rewriteLink(location, page) });
  const encoding = ENCODINGS[response.headers['content-encoding'] ?? ''];
  if (!encoding || !isHtml(response.headers['content-type'])) return passAnswer(response, reply, headers);
  const { 'content-length': _length, ...rest } = headers;
  reply.writeHead(response.statusCode ?? 502, rest);
  const [unpack, pack] = encoding();
  const text = unpack.at(-1) ?? response;
  text.setEncoding('utf8');
  // The client or the backend is gone; there is nobody left to tell.
  await pipeline([response, ...unpack, rewriter(page), ...pack, reply]).catch(() => reply.destroy());
}

function rewriter(page: PageAddress): RewritingStream {
  const stream = new RewritingStream();
  stream.on('startTag', (tag, raw) => (rewriteTag(tag, page) ? stream.emitStartTag(tag) : stream.emitRaw(raw)));
  return stream;
}
