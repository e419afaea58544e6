import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../api/meta/status.ts';
import { badRequest } from '../registry/errors.ts';

/** Upstream's default of --request-timeout. */
export const REQUEST_TIMEOUT_MS = 60_000;

/** What upstream answers when a request takes too long. */
export const timedOut = (): ApiError =>
  new ApiError('Timeout', 'Timeout: request did not complete within the allotted timeout', { details: {} });

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, µs: 0.001, ns: 0.000001 };

/** Milliseconds of a Go duration such as `1m30s` or `1.5s`; undefined when it is none. */
function goDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^([+-]?)(\d+(\.\d*)?(h|ms|us|µs|ns|m|s))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?)(h|ms|us|µs|ns|m|s)/g)];
  const sum = parts.reduce((total, [, amount, unit]) => total + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0), 0);
  return text.startsWith('-') ? -sum : sum;
}

/** How long the request may take: what its `timeout` parameter asks for, but not longer than the server allows. Throws BadRequest. */
export function allottedMs(raw: IncomingMessage, longestMs: number): number {
  const url = raw.url ?? '';
  if (!url.includes('timeout=')) return longestMs;
  const asked = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('timeout');
  if (!asked) return longestMs;
  const ms = goDurationMs(asked);
  if (ms === undefined || ms < 0)
    throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(asked)}`);
  return ms === 0 ? longestMs : Math.min(ms, longestMs);
}
