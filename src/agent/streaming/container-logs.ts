import type { ServerResponse } from 'node:http';
import { truth } from '../../api/query-truth.ts';
import type { Clock } from '../../base/clock.ts';
import { type LogOptions, readLog } from '../logs/read-log.ts';
import { HttpError } from './http-error.ts';
import type { PodDirectory } from './pod-directory.ts';

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d+$/.test(text)) throw new HttpError(422, `${name}: Invalid value: "${text}": must be a non-negative integer`);
  return Number(text);
}

/** PodLogOptions out of a query string. Throws HttpError 422 for values that are none. */
export function parseLogOptions(query: URLSearchParams, clock: Clock): LogOptions & { previous: boolean } {
  const is = (name: string) => truth(query.get(name));
  const sinceSeconds = wholeNumber(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  if (sinceTime && Number.isNaN(Date.parse(sinceTime)))
    throw new HttpError(422, `sinceTime: Invalid value: "${sinceTime}": must be an RFC 3339 time`);
  const stream = query.get('stream');
  return {
    follow: is('follow'),
    previous: is('previous'),
    timestamps: is('timestamps'),
    tailLines: wholeNumber(query, 'tailLines'),
    limitBytes: wholeNumber(query, 'limitBytes'),
    sinceMs: sinceSeconds !== undefined ? clock.now() - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined,
    stream: stream === 'Stdout' ? 'stdout' : stream === 'Stderr' ? 'stderr' : undefined,
  };
}

const waitForDrain = (reply: ServerResponse) =>
  new Promise<void>((resolve) => {
    const done = () => {
      reply.off('drain', done);
      reply.off('close', done);
      resolve();
    };
    reply.on('drain', done);
    reply.on('close', done);
  });

/** Why there are no logs yet, in the kubelet's words. */
function waitingToStart(directory: PodDirectory, namespace: string, name: string, container: string): string {
  const pod = directory.pods().find(({ metadata }) => metadata?.name === name && metadata.namespace === namespace);
  if (!pod) return `pod "${name}" cannot be found - no logs available`;
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const status = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((s) => s.name === container);
  if (!status) return `container "${container}" in pod "${name}" is not available`;
  const { waiting } = status.state ?? {};
  if (!waiting) return `container "${container}" in pod "${name}" is waiting to start - no logs yet`;
  const why = WAITING_WORDS[waiting.reason ?? ''] ?? waiting.reason;
  return `container "${container}" in pod "${name}" is waiting to start: ${why}`;
}

const WAITING_WORDS: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** Answers `/containerLogs/NAMESPACE/POD/CONTAINER`. */
export async function answerLogs(
  [namespace = '', pod = '', container = '']: readonly string[],
  query: URLSearchParams,
  reply: ServerResponse,
  { directory, clock, signal }: { directory: PodDirectory; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const options = parseLogOptions(query, clock);
  const instance = directory.container(namespace, pod, container);
  const path = options.previous ? instance?.previousLogPath : instance?.logPath;
  if (!instance && !options.previous) throw new HttpError(400, waitingToStart(directory, namespace, pod, container));
  if (!instance || !path) throw new HttpError(400, `previous terminated container "${container}" in pod "${pod}" not found`);
  const gone = new AbortController();
  reply.on('close', () => gone.abort());
  const isRunning = () =>
    !options.previous &&
    directory.container(namespace, pod, container)?.id === instance.id &&
    (directory.container(namespace, pod, container)?.running ?? false);
  try {
    for await (const chunk of readLog(path, options, { isRunning, clock, signal: AbortSignal.any([signal, gone.signal]) })) {
      if (!reply.headersSent) reply.writeHead(200, { 'content-type': 'text/plain' });
      if (!reply.write(chunk)) await waitForDrain(reply);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (options.previous) throw new HttpError(400, `previous terminated container "${container}" in pod "${pod}" not found`);
  }
  if (!reply.headersSent) reply.writeHead(200, { 'content-type': 'text/plain' });
  reply.end();
}
