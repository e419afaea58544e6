import { posix } from 'node:path';

/** Where a page lies that came through the proxy. */
export interface PageAddress {
  /** What stands in the URL before the backend's own path: `/api/v1/namespaces/n/pods/p/proxy`. */
  readonly prefix: string;
  /** `host:port` of the backend, and as the client calls the server. */
  readonly backend: string;
  readonly server: string;
}

/** RFC 3986, appendix B: scheme, authority, path, query and fragment of a reference. */
const REFERENCE = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s;

/**
 * A link of such a page, so that it leads through the proxy, too: those with an absolute path on the same host. Others stay as they are.
 * Source: Kubernetes, "Access Services Running on Clusters", URLs of the API server's proxy.
 */
export function rewriteLink(text: string, { prefix, backend, server }: PageAddress): string {
  const [, scheme, host = '', path = '', query = '', fragment = ''] = REFERENCE.exec(text) ?? [];
  if (!path.startsWith('/') || (host !== '' && host !== backend && host !== server)) return text;
  const origin = host !== '' && host === server ? `${scheme ? `${scheme}:` : ''}//${host}` : '';
  const through = path.startsWith(prefix) ? path : posix.join(prefix, path);
  return `${origin}${through}${query}${fragment}`;
}

/** Attributes that hold a URL, by element (HTML 4 and the HTML standard, index of attributes). */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

export interface Tag {
  readonly tagName: string;
  readonly attrs: { readonly name: string; value: string }[];
}

/** Rewrites the links of a tag in place; whether one changed. */
export function rewriteTag({ tagName, attrs }: Tag, page: PageAddress): boolean {
  let changed = false;
  for (const attribute of attrs) {
    if (!LINKS[tagName]?.includes(attribute.name)) continue;
    const before = attribute.value;
    attribute.value = rewriteLink(before, page);
    changed ||= attribute.value !== before;
  }
  return changed;
}
