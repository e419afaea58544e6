import type { IncomingMessage } from 'node:http';
import { parseExactJson } from '../../base/exact-json.ts';

/** Go's words for booleans (strconv.ParseBool). */
const YES = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
/** Browsers and the command line: somebody reads the answer (apiserver, endpoints/handlers/negotiation). */
const READERS = ['curl', 'Wget', 'Mozilla/5.0'];

/** Is JSON to be laid out for somebody who reads it? `?pretty=` says so, or the client is one that people use. */
export function isPretty({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  const at = url.indexOf('pretty=');
  const asked = at < 0 ? null : new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('pretty');
  if (asked) return YES.has(asked);
  const agent = headers['user-agent'];
  return agent !== undefined && READERS.some((name) => agent.startsWith(name));
}

/** The same JSON, indented, with what an object is at its beginning. */
export function prettyJson(json: Buffer): Buffer {
  const value = parseExactJson(json.toString('utf8')) as { kind?: unknown; apiVersion?: unknown };
  const { kind, apiVersion, ...rest } = value;
  return Buffer.from(JSON.stringify({ kind, apiVersion, ...rest }, undefined, 2));
}
