import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../api/meta/status.ts';
import { goDurationFault, goDurationMs } from '../../base/go-duration.ts';
import { badRequest } from '../registry/errors.ts';

/** Upstream's default of --request-timeout. */
export const REQUEST_TIMEOUT_MS = 60_000;

/** What upstream answers when a request takes too long. */
export const timedOut = (): ApiError =>
  new ApiError('Timeout', 'Timeout: request did not complete within the allotted timeout', { details: {} });

/** How long the request may take: what its `timeout` parameter asks for, but not longer than the server allows. Throws BadRequest. */
export function allottedMs(raw: IncomingMessage, longestMs: number): number {
  const url = raw.url ?? '';
  if (!url.includes('timeout=')) return longestMs;
  const asked = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('timeout');
  if (!asked) return longestMs;
  const ms = goDurationMs(asked);
  if (ms === undefined) throw badRequest(`invalid timeout specified in the request URL - ${goDurationFault(asked)}`);
  return ms <= 0 ? longestMs : Math.min(ms, longestMs);
}
