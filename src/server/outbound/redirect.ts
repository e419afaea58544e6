import type { IncomingMessage } from 'node:http';
import type { SendOptions } from './connection.ts';
import type { OutboundEndpoint } from './outbound-endpoint.ts';

/** A request on its way, and the URL that it is sent to. */
export interface Hop {
  readonly endpoint: OutboundEndpoint;
  readonly options: SendOptions;
  readonly url: string;
}

const WITHOUT_BODY = new Set([301, 302, 303]);
const WITH_BODY = new Set([307, 308]);
const OF_BODY = new Set(['content-type', 'content-length']);

/**
 * Where an answer sends a request on, as Go's client follows it (net/http, redirectBehavior): after 301, 302 and 303 as a GET. undefined: nowhere. A Service's certificate
 * stays the one that is wanted (client-go fixes the name); only the first host is shown a token.
 */
export function nextHop({ endpoint, options, url }: Hop, { statusCode = 0, headers: { location } }: IncomingMessage): Hop | undefined {
  if (!location || !(WITHOUT_BODY.has(statusCode) || WITH_BODY.has(statusCode))) return undefined;
  const next = URL.parse(location, url);
  if (!next) return undefined;
  const onward = { ...options, path: next.pathname + next.search, headers: { ...options.headers, referer: url } };
  return {
    url: next.href,
    endpoint: next.host === URL.parse(url)?.host ? endpoint : elsewhere(endpoint, next.href),
    options: WITH_BODY.has(statusCode) ? onward : withoutBody(onward),
  };
}

function elsewhere({ target, credentials, ...trust }: OutboundEndpoint, url: string): OutboundEndpoint {
  const serverName = 'service' in target ? `${target.service.name}.${target.service.namespace}.svc` : target.serverName;
  return {
    ...trust,
    target: { url, ...(serverName !== undefined && { serverName }) },
    ...(credentials && 'cert' in credentials && { credentials }),
  };
}

function withoutBody({ body: _, headers, ...options }: SendOptions): SendOptions {
  return { ...options, method: 'GET', headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_BODY.has(name))) };
}
