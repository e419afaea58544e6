import assert from 'node:assert/strict';
import { type RequestResult, type RequestTemplate, runJob, startJob, type WatchResult } from '../load/job.ts';
import { say } from '../support/figure.ts';
import type { Endpoint } from '../support/server.ts';

export const WATCHERS = 100;
const STEADY_SECONDS = 10;
const STEADY_PER_SECOND = 20;
const LOST_AFTER_MS = 20_000;

/** Changes of objects, and where they are watched. */
export interface Updates {
  readonly endpoint: Endpoint;
  /** Of the watch, with a query. */
  readonly path: string;
  /** From which is watched. */
  readonly resourceVersion: number;
  readonly request: RequestTemplate;
}

interface Traffic {
  readonly count: number;
  readonly clients: number;
  readonly perSecond?: number;
}

/** Watchers in one process, writers in another; every event is accounted for. `watched` is called once all of them watch. */
export async function updatesSeen(
  { endpoint, path, resourceVersion, request }: Updates,
  { count, clients, perSecond }: Traffic,
  watched?: () => void,
) {
  const timeoutMs = LOST_AFTER_MS + (perSecond === undefined ? 0 : (count / perSecond) * 1000);
  const watching = startJob({ kind: 'watch', endpoint, path, resourceVersion, watchers: WATCHERS, events: count, timeoutMs });
  await watching.ready;
  watched?.();
  const written = await runJob({ kind: 'requests', endpoint, request, clients, first: 0, count, seconds: 60, perSecond });
  const seen = await watching.result;
  assertComplete(written, seen, count);
  return { written, seen };
}

function assertComplete(written: RequestResult, seen: WatchResult, updates: number): void {
  assert.equal(written.requests, updates);
  assert.deepEqual(new Set(seen.counts), new Set([updates]), 'no event is lost, none comes twice');
  assert.ok(seen.inOrder, 'revisions rise');
  assert.ok(seen.same, 'all watchers see the same');
}

/** How long an update that comes alone takes to its watchers. `group`: begins the figures' names; `musts` in milliseconds. */
export async function sayLatency(
  group: string,
  updates: Updates,
  musts?: { readonly p50: number; readonly p99: number },
): Promise<WatchResult> {
  const count = STEADY_SECONDS * STEADY_PER_SECOND;
  const { seen } = await updatesSeen(updates, { count, clients: 1, perSecond: STEADY_PER_SECOND });
  const what = `${group} at ${STEADY_PER_SECOND} updates/s, ${WATCHERS} watchers`;
  say(`${what}, p50`, seen.p50Ms, 'ms', { ...(musts && { must: { atMost: musts.p50 } }), events: WATCHERS * count, lost: 0 });
  say(`${what}, p99`, seen.p99Ms, 'ms', { ...(musts && { must: { atMost: musts.p99 } }) });
  return seen;
}
