import { parseAddress } from '../../../base/ip.ts';
import { runtimeError } from '../errors.ts';
import { func, method, type Overload, shrinks, traverses } from '../overloads.ts';
import { CEL_TYPE, EQUALS, type NamedValue } from '../values.ts';

const TYPE = 'kubernetes.URL';

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** An absolute URI or an absolute path, taken apart as Go's net/url does: JavaScript's URL would normalise it. */
class UrlValue implements NamedValue {
  readonly [CEL_TYPE] = TYPE;
  readonly text: string;
  readonly parts: Parts;

  constructor(text: string, parts: Parts) {
    this.text = text;
    this.parts = parts;
  }

  [EQUALS](other: unknown): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

const SYNTAX = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;
const HOST = /^(?:\[[^\]]+\]|[^\s:[\]<>"^`{|}\\]*)(?::\d*)?$/;
/** What stands in brackets is an address, maybe with a zone. */
const hasBadAddress = (host: string): boolean => {
  const address = /^\[([^\]%]*)(?:%25.*)?\]/.exec(host)?.[1];
  return host.startsWith('[') && (address === undefined || !address.includes(':') || !parseAddress(address));
};

export function parseUrl(text: string): UrlValue {
  const wrong = (why: string) => runtimeError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${why}`);
  if (text === '') throw wrong('empty url');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\x00-\x1f\x7f]/.test(text)) throw wrong('net/url: invalid control character in URL');
  const [, scheme = '', authority, path = '', query = ''] = SYNTAX.exec(text) ?? [];
  if (scheme === '' && !text.startsWith('/')) throw wrong(text.startsWith(':') ? 'missing protocol scheme' : 'invalid URI for request');
  const host = (authority ?? '').slice((authority ?? '').lastIndexOf('@') + 1);
  if (!HOST.test(host)) throw wrong(`invalid port "${host.slice(host.lastIndexOf(':'))}" after host`);
  if (hasBadAddress(host)) throw wrong('invalid host');
  // ASCII is written as it is in names of hosts.
  const escaped = /%(?![89A-Fa-f][0-9A-Fa-f]).{0,2}/.exec(host.startsWith('[') ? '' : host);
  if (escaped) throw wrong(`invalid URL escape "${escaped[0]}"`);
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw wrong(`invalid URL escape "${/%.{0,2}/.exec(path)?.[0] ?? ''}"`);
  return new UrlValue(text, { scheme: scheme.toLowerCase(), host, path, query });
}

function isUrl(text: string): boolean {
  try {
    parseUrl(text);
    return true;
  } catch {
    return false;
  }
}

const port = (host: string): string => /:(\d*)$/.exec(host.replace(/^\[.*\]/, ''))?.[1] ?? '';
const hostname = (host: string): string => (host.startsWith('[') ? host.slice(1, host.indexOf(']')) : (host.split(':')[0] ?? ''));
/** What is escaped stays so. */
const escapedPath = (path: string): string =>
  path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu, (character) => encodeURIComponent(character));

function query(text: string): object {
  const values: Record<string, string[]> = Object.create(null);
  for (const pair of text.split('&').filter((each) => each !== '' && !each.includes(';'))) {
    const equal = pair.indexOf('=');
    const [key, value] = equal < 0 ? [pair, ''] : [pair.slice(0, equal), pair.slice(equal + 1)];
    const [name, read] = [unescaped(key), unescaped(value)];
    if (name === undefined || read === undefined) continue;
    values[name] ??= [];
    values[name].push(read);
  }
  return values;
}
/** undefined: an escape is none. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

export const urls: readonly Overload[] = [
  func(`url(string): ${TYPE}`, parseUrl, traverses(0)),
  func('isURL(string): bool', isUrl, traverses(0)),
  method(`${TYPE}.getScheme(): string`, ({ parts }: UrlValue) => parts.scheme, shrinks),
  method(`${TYPE}.getHost(): string`, ({ parts }: UrlValue) => parts.host, shrinks),
  method(`${TYPE}.getHostname(): string`, ({ parts }: UrlValue) => hostname(parts.host), shrinks),
  method(`${TYPE}.getPort(): string`, ({ parts }: UrlValue) => port(parts.host), shrinks),
  method(`${TYPE}.getEscapedPath(): string`, ({ parts }: UrlValue) => escapedPath(parts.path), shrinks),
  method(`${TYPE}.getQuery(): map<string, list<string>>`, ({ parts }: UrlValue) => query(parts.query), shrinks),
];
