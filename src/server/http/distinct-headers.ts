import type { IncomingMessage } from 'node:http';

/** Repeated headers one by one, by lower-case name. Node has them for HTTP/1.1 alone; over HTTP/2 they are in the raw list. */
export function distinctHeaders(
  raw: Pick<IncomingMessage, 'rawHeaders'> & { readonly headersDistinct?: NodeJS.Dict<string[]> },
): NodeJS.Dict<string[]> {
  if (raw.headersDistinct) return raw.headersDistinct;
  const distinct: NodeJS.Dict<string[]> = {};
  for (let i = 0; i + 1 < raw.rawHeaders.length; i += 2) {
    const name = (raw.rawHeaders[i] ?? '').toLowerCase();
    const values = Object.hasOwn(distinct, name) ? distinct[name] : undefined;
    distinct[name] = [...(values ?? []), raw.rawHeaders[i + 1] ?? ''];
  }
  return distinct;
}
