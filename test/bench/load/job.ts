import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Endpoint } from '../support/server.ts';

/** In paths, bodies and texts: becomes the request's number, the client's number, the time of sending (nowMs), each of the placeholder's width. */
export const SEQUENCE = '@@@@@@@';
export const CLIENT = '%%%%%%%';
export const SENT_AT = '~~~~~~~~~~~~~~~~~~~~';

export interface RequestTemplate {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly status: number;
  /** Every answer must have this text. */
  readonly answers?: string;
}

/** Each client has one connection and sends its next request when it has the whole answer of the last. Ends by number or by time. */
export interface RequestJob {
  readonly kind: 'requests';
  readonly endpoint: Endpoint;
  readonly request: RequestTemplate;
  readonly clients: number;
  /** Number of the first request. */
  readonly first: number;
  readonly count: number;
  readonly seconds: number;
  /** Of all clients together, evenly spaced; as fast as possible when absent. */
  readonly perSecond?: number;
}

export interface RequestResult {
  readonly requests: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Number of each client's last request; -1 for none. */
  readonly lastOfClient: readonly number[];
  /** Of the generator's process. */
  readonly cpuSeconds: number;
}

/**
 * Watches one path many times; says `ready` once all have their answer's head, and ends when each has had `events` or `timeoutMs` is over. A watch that
 * the server ends goes on from its last revision, as clients of Kubernetes do.
 */
export interface WatchJob {
  readonly kind: 'watch';
  readonly endpoint: Endpoint;
  /** With a query, to which a revision is added. */
  readonly path: string;
  readonly resourceVersion: number;
  readonly watchers: number;
  readonly events: number;
  readonly timeoutMs: number;
}

export interface WatchResult {
  /** Events that each watcher had. */
  readonly counts: readonly number[];
  /** Every watcher's revisions rose. */
  readonly inOrder: boolean;
  /** Every watcher had the same revisions. */
  readonly same: boolean;
  /** Watches that the server ended. */
  readonly resumed: number;
  readonly lastAtMs: number;
  readonly bytes: number;
  /** Of the process of the watchers, from their readiness to the last event. */
  readonly cpuSeconds: number;
  /** From SENT_AT in the object to the event; NaN without. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Nodes that run whatever is bound to them by saying that it runs; `ready` once all are registered and their pods are watched. Ends when told to. */
export interface NodesJob {
  readonly kind: 'nodes';
  readonly endpoint: Endpoint;
  readonly nodes: number;
  readonly connections: number;
}

export interface NodesResult {
  /** Pods. */
  readonly started: number;
  readonly ended: number;
  /** Renewals. */
  readonly leases: number;
  /** Of the generator's process. */
  readonly cpuSeconds: number;
}

export type Job = RequestJob | WatchJob | NodesJob;
type ResultOf<J extends Job> = J extends RequestJob ? RequestResult : J extends WatchJob ? WatchResult : NodesResult;
export type Message = { readonly ready: true } | { readonly result: ResultOf<Job> };
export const STOP = 'stop';

export interface RunningJob<J extends Job> {
  /** Connected (requests: about to send; watches: heads received). */
  readonly ready: Promise<void>;
  readonly result: Promise<ResultOf<J>>;
  /** For jobs that have no end of their own. */
  stop(): Promise<ResultOf<J>>;
}

/** In a process of its own. */
export function startJob<J extends Job>(job: J): RunningJob<J> {
  const child = fork(join(import.meta.dirname, 'generator.ts'), { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const ready = Promise.withResolvers<void>();
  const result = Promise.withResolvers<ResultOf<J>>();
  child.on('message', (message: Message) => {
    if ('ready' in message) ready.resolve();
    else result.resolve(message.result as ResultOf<J>);
  });
  child.once('exit', (code) => {
    const failure = new Error(`the load generator ended with ${code}: ${JSON.stringify({ ...job, endpoint: undefined })}`);
    ready.reject(failure);
    result.reject(failure);
  });
  // Whoever waits for the one hears of the failure; the other must not end the process.
  ready.promise.catch(() => {});
  result.promise.catch(() => {});
  child.send(job);
  return {
    ready: ready.promise,
    result: result.promise,
    stop() {
      child.send(STOP);
      return result.promise;
    },
  };
}

export const runJob = <J extends Job>(job: J): Promise<ResultOf<J>> => startJob(job).result;
