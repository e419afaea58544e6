import type { IncomingMessage } from 'node:http';
import { ApiError, fromStatus, type StatusReason } from '../../api/meta/status.ts';

/** As much of a refusal's text as is passed on. */
const MESSAGE_LIMIT = 2048;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

const PLAIN: Readonly<Record<number, readonly [StatusReason, string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  406: ['NotAcceptable', 'the server was unable to respond with a content type that the client supports'],
  409: ['AlreadyExists', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted, but may still be processing the request'],
};

/**
 * An answer that is no success as upstream's client reports it (apimachinery, NewGenericServerResponse); a Status speaks for itself. `asked`: what was asked for
 * (`get pods.metrics.k8s.io`).
 */
export function refusalOf(response: Pick<IncomingMessage, 'statusCode' | 'headers'>, body: string, asked?: string): ApiError {
  const code = response.statusCode ?? 500;
  const status = statusIn(body);
  if (status) return fromStatus({ code, ...status });
  const error = genericRefusal(code, response, body);
  return asked === undefined ? error : new ApiError(error.reason, `${error.message} (${asked})`, { code });
}

/** After how many seconds the other side wants to be asked again; undefined: it does not say so, or not in a way that is heard (client-go, rest/with_retry.go). */
export function retryAfterSeconds({ statusCode = 0, headers }: Pick<IncomingMessage, 'statusCode' | 'headers'>): number | undefined {
  const after = headers['retry-after'];
  if ((statusCode !== TOO_MANY_REQUESTS && statusCode < SERVER_ERROR) || !after || !/^[+-]?\d+$/.test(after)) return undefined;
  return Math.max(0, Number(after));
}

function genericRefusal(code: number, response: Pick<IncomingMessage, 'headers'>, body: string): ApiError {
  const text = /^text\//.test(response.headers['content-type'] || 'text/plain') ? body.trim().slice(0, MESSAGE_LIMIT) : '';
  const said = text || 'unknown';
  if (code === 403) return new ApiError('Forbidden', said, { code });
  const [reason, message] = PLAIN[code] ?? [];
  if (reason && message) return new ApiError(reason, message, { code });
  if (code >= 500)
    return new ApiError('InternalError', `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`, {
      code,
    });
  return new ApiError('InternalError', `the server responded with the status code ${code} but did not return more information`, { code });
}

function statusIn(body: string): object | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return (value as { kind?: unknown }).kind === 'Status' ? (value as object) : undefined;
  } catch {
    return undefined;
  }
}
