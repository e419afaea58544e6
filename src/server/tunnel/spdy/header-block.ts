import { Deflate, Z_SYNC_FLUSH } from 'pako';

/** Names that SPDY/3's shared compression dictionary lists with a four-byte length each (SPDY draft 3, section 2.6.10.1). */
const DICTIONARY_NAMES = [
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization',
  'cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range',
  'content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified',
  'location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding',
  'upgrade user-agent vary via warning www-authenticate method get status',
]
  .join(' ')
  .split(' ');
const DICTIONARY_MORE_NAMES = ['200 OK', 'version', 'HTTP/1.1', 'url', 'public', 'set-cookie', 'keep-alive', 'origin'];
const DICTIONARY_TAIL =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information' +
  '204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error' +
  '501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,public' +
  'privatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

const sized = (text: string): Buffer => {
  const buffer = Buffer.alloc(4 + Buffer.byteLength(text));
  buffer.writeUInt32BE(Buffer.byteLength(text));
  buffer.write(text, 4);
  return buffer;
};

export const SPDY_DICTIONARY: Buffer = Buffer.concat([
  ...[...DICTIONARY_NAMES, ...DICTIONARY_MORE_NAMES].map(sized),
  Buffer.from(DICTIONARY_TAIL),
]);

/** Compresses header blocks of one connection: the compressor's state carries over from one block to the next. */
export function createHeaderCompressor(): (headers: Readonly<Record<string, string>>) => Buffer {
  const deflate = new Deflate({ dictionary: new Uint8Array(SPDY_DICTIONARY) });
  let chunks: Uint8Array[] = [];
  deflate.onData = (chunk) => void chunks.push(chunk as Uint8Array);
  return (headers) => {
    const pairs = Object.entries(headers);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(pairs.length);
    chunks = [];
    const block = Buffer.concat([count, ...pairs.flatMap(([name, value]) => [sized(name.toLowerCase()), sized(value)])]);
    deflate.push(new Uint8Array(block), Z_SYNC_FLUSH);
    return Buffer.concat(chunks);
  };
}
