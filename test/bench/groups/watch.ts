import assert from 'node:assert/strict';
import { join } from 'node:path';
import { configMaps, pods } from '../../../src/api/index.ts';
import { type RequestResult, runJob, SENT_AT, startJob, type WatchResult } from '../load/job.ts';
import { create, mergePatch, type Plural } from '../load/templates.ts';
import { median, round, say } from '../support/figure.ts';
import { createNamespace } from '../support/namespace.ts';
import { type Server, withServer } from '../support/server.ts';
import { CONTROL_PLANE_ONLY, type Group } from './group.ts';

const WATCHERS = 100;
const UPDATES = 200;
const OBJECTS = 64;
const BURSTS = 5;
const STEADY_SECONDS = 10;
const STEADY_PER_SECOND = 20;
const NAMESPACE = 'bench-watch';
const LOST_AFTER_MS = 20_000;

interface Traffic {
  readonly plural: Plural;
  readonly updates: number;
  readonly clients: number;
  readonly perSecond?: number;
}

/** Watchers in one process, writers in another; every event is accounted for. */
async function updatesSeen(server: Server, { plural, updates, clients, perSecond }: Traffic, signal: AbortSignal) {
  const kind = plural === 'pods' ? pods : configMaps;
  const { metadata } = await server.client.list(kind as typeof pods, { namespace: NAMESPACE, limit: 1, signal });
  const { endpoint } = server;
  const path = `/api/v1/namespaces/${NAMESPACE}/${plural}?watch=true`;
  const resourceVersion = Number(metadata?.resourceVersion);
  const timeoutMs = LOST_AFTER_MS + (perSecond === undefined ? 0 : (updates / perSecond) * 1000);
  const watching = startJob({ kind: 'watch', endpoint, path, resourceVersion, watchers: WATCHERS, events: updates, timeoutMs });
  await watching.ready;
  const cpuBefore = server.cpuSeconds();
  const request = mergePatch(plural, NAMESPACE, { 'sent-at': SENT_AT });
  const written = await runJob({ kind: 'requests', endpoint, request, clients, first: 0, count: updates, seconds: 60, perSecond });
  const seen = await watching.result;
  const cpuSeconds = server.cpuSeconds() - cpuBefore;
  assertComplete(written, seen, updates);
  assert.ok(!server.isMinik || seen.resumed === 0, 'minik ends no watch');
  return { written, seen, cpuSeconds };
}

function assertComplete(written: RequestResult, seen: WatchResult, updates: number): void {
  assert.equal(written.requests, updates);
  assert.deepEqual(new Set(seen.counts), new Set([updates]), 'no event is lost, none comes twice');
  assert.ok(seen.inOrder, 'revisions rise');
  assert.ok(seen.same, 'all watchers see the same');
}

async function burst(server: Server, plural: Plural, signal: AbortSignal): Promise<void> {
  const rates: number[] = [];
  const writes: number[] = [];
  let bytes = 0;
  let [serverCpu, watchersCpu, resumed] = [0, 0, 0];
  for (let run = 0; run < BURSTS; run += 1) {
    const { written, seen, cpuSeconds } = await updatesSeen(server, { plural, updates: UPDATES, clients: OBJECTS }, signal);
    rates.push((WATCHERS * UPDATES) / ((seen.lastAtMs - written.startedAtMs) / 1000));
    writes.push(UPDATES / ((written.endedAtMs - written.startedAtMs) / 1000));
    serverCpu += cpuSeconds;
    watchersCpu += seen.cpuSeconds;
    resumed += seen.resumed;
    bytes = seen.bytes / (WATCHERS * UPDATES);
  }
  say(`watch: ${WATCHERS} watchers × ${UPDATES} updates of ${plural} in a burst`, median(rates), 'events/s', {
    must: { atLeast: 60_000 },
    lost: 0,
    ...(resumed > 0 && { resumed }),
    runs: rates.map(Math.round),
    updatesPerSecond: Math.round(median(writes)),
    bytesPerEvent: Math.round(bytes),
    serverCpuUs: round((serverCpu / (BURSTS * WATCHERS * UPDATES)) * 1e6),
    watchersCpuUs: round((watchersCpu / (BURSTS * WATCHERS * UPDATES)) * 1e6),
  });
}

async function latency(server: Server, signal: AbortSignal): Promise<void> {
  const updates = STEADY_SECONDS * STEADY_PER_SECOND;
  const { seen } = await updatesSeen(server, { plural: 'pods', updates, clients: 1, perSecond: STEADY_PER_SECOND }, signal);
  const what = `watch: latency at ${STEADY_PER_SECOND} updates/s, ${WATCHERS} watchers`;
  say(`${what}, p50`, seen.p50Ms, 'ms', { must: { atMost: 2 }, events: WATCHERS * updates, lost: 0 });
  say(`${what}, p99`, seen.p99Ms, 'ms', { must: { atMost: 8 }, from: round(seen.p50Ms) });
}

export const watch: Group = {
  name: 'watch',
  limitSeconds: 180,
  measuresPrograms: true,
  run: async ({ directory, nodeIp, profileDir, program, signal }) => {
    await withServer({ dataDir: join(directory, 'watch'), nodeIp, profileDir, program, flags: CONTROL_PLANE_ONLY }, async (server) => {
      await createNamespace(server, NAMESPACE, signal);
      for (const plural of ['pods', 'configmaps'] as const) {
        const request = create(plural, NAMESPACE);
        await runJob({ kind: 'requests', endpoint: server.endpoint, request, clients: 16, first: 0, count: OBJECTS, seconds: 20 });
      }
      await burst(server, 'configmaps', signal);
      await burst(server, 'pods', signal);
      await latency(server, signal);
    });
  },
};
