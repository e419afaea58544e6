import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HTTPGetAction } from '../../api/schema/generated/types.ts';
import {
  dialError,
  failed,
  hostPort,
  MAX_ANSWER_BYTES,
  type ProbeAnswer,
  type ProbeTarget,
  portNumber,
  succeeded,
} from './probe-target.ts';

const MAX_REDIRECTS = 10;

export const USER_AGENT = 'kube-probe/1.36';

/** Aborted by `timedOut` alone, a request has taken too long; by `signal`, it is not wanted any more. */
export interface Limits {
  readonly signal: AbortSignal;
  readonly timedOut: AbortSignal;
}

/**
 * GET as the kubelet does it: 200 to 399 is well. Redirects are followed on the same host; one that leads elsewhere is a warning, which
 * counts as success. Certificates are not checked. Rejects with the signal's reason alone.
 */
export async function httpProbe(action: HTTPGetAction, target: ProbeTarget, limits: Limits): Promise<ProbeAnswer> {
  const first = probeUrl(action, target);
  const headers = probeHeaders(action);
  let url = first;
  for (let redirects = 0; ; redirects += 1) {
    if (redirects > MAX_REDIRECTS) return failed(`Get "${shown(url)}": stopped after ${MAX_REDIRECTS} redirects`);
    let answer: Answer;
    try {
      answer = await get(url, headers, limits);
    } catch (error) {
      limits.signal.throwIfAborted();
      return failed(`Get "${shown(url)}": ${wordsOf(url, error as Error, limits)}`);
    }
    const next = redirectOf(answer, url);
    if (!next) return verdict(answer);
    if (next.hostname !== first.hostname)
      return { outcome: 'warning', message: `Probe terminated redirects, Response body: ${answer.body}` };
    url = next;
  }
}

export function probeUrl({ scheme = 'HTTP', host, port, path = '/' }: HTTPGetAction, target: ProbeTarget): URL {
  const base = `${scheme.toLowerCase()}://${hostPort(host || target.podIp, portNumber(port, target))}`;
  return new URL(base + (path.startsWith('/') ? path : `/${path}`));
}

/** By name, in lower case. A header with an empty User-Agent or Accept asks for none to be sent. */
export function probeHeaders({ httpHeaders = [] }: HTTPGetAction): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {};
  for (const { name, value } of httpHeaders) {
    const key = name.toLowerCase();
    headers[key] = [...(headers[key] ?? []), value];
  }
  const all: Record<string, string | string[]> = { 'user-agent': USER_AGENT, accept: '*/*', connection: 'close', ...headers };
  for (const name of ['user-agent', 'accept']) if (headers[name]?.join('') === '') delete all[name];
  if (headers.host) all.host = headers.host[0] ?? '';
  return all;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

function get(url: URL, headers: Record<string, string | string[]>, { signal, timedOut }: Limits): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const options = { headers, agent: false, rejectUnauthorized: false, signal: AbortSignal.any([signal, timedOut]) };
    const sent = send(url, options, (response) => {
      readBody(response).then((body) => resolve({ status: response.statusCode ?? 0, location: response.headers.location, body }), reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** The first bytes; the rest is not waited for. */
async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8');
}

function redirectOf({ status, location }: Answer, from: URL): URL | undefined {
  return location !== undefined && [301, 302, 303, 307, 308].includes(status) && URL.canParse(location, from.href)
    ? new URL(location, from)
    : undefined;
}

function verdict({ status, body }: Answer): ProbeAnswer {
  return status >= 200 && status < 400 ? succeeded(body) : failed(`HTTP probe failed with statuscode: ${status}`);
}

function wordsOf(url: URL, error: NodeJS.ErrnoException, { timedOut }: Limits): string {
  if (timedOut.aborted) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  return dialError(authority(url), error);
}

/** With its port, also where that is the scheme's own. */
const authority = ({ hostname, port, protocol }: URL): string => `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
const shown = (url: URL): string => `${url.protocol}//${authority(url)}${url.pathname}${url.search}`;
