import assert from 'node:assert/strict';
import { join } from 'node:path';
import { configMaps, pods } from '../../../src/api/index.ts';
import { runJob, SENT_AT, type WatchResult } from '../load/job.ts';
import { create, mergePatch, type Plural } from '../load/templates.ts';
import { median, round, say } from '../support/figure.ts';
import { createNamespace } from '../support/namespace.ts';
import { type Server, withServer } from '../support/server.ts';
import { CONTROL_PLANE_ONLY, type Group } from './group.ts';
import { sayLatency, type Updates, updatesSeen, WATCHERS } from './updates.ts';

const UPDATES = 200;
const OBJECTS = 64;
const BURSTS = 5;
const NAMESPACE = 'bench-watch';

async function updatesOf(server: Server, plural: Plural, signal: AbortSignal): Promise<Updates> {
  const kind = plural === 'pods' ? pods : configMaps;
  const { metadata } = await server.client.list(kind as typeof pods, { namespace: NAMESPACE, limit: 1, signal });
  return {
    endpoint: server.endpoint,
    path: `/api/v1/namespaces/${NAMESPACE}/${plural}?watch=true`,
    resourceVersion: Number(metadata?.resourceVersion),
    request: mergePatch(plural, NAMESPACE, { 'sent-at': SENT_AT }),
  };
}

const assertNotResumed = (server: Server, { resumed }: WatchResult) => assert.ok(!server.isMinik || resumed === 0, 'minik ends no watch');

async function burst(server: Server, plural: Plural, signal: AbortSignal): Promise<void> {
  const rates: number[] = [];
  const writes: number[] = [];
  let bytes = 0;
  let [serverCpu, watchersCpu, resumed] = [0, 0, 0];
  for (let run = 0; run < BURSTS; run += 1) {
    let cpuBefore = 0;
    const { written, seen } = await updatesSeen(await updatesOf(server, plural, signal), { count: UPDATES, clients: OBJECTS }, () => {
      cpuBefore = server.cpuSeconds();
    });
    serverCpu += server.cpuSeconds() - cpuBefore;
    assertNotResumed(server, seen);
    rates.push((WATCHERS * UPDATES) / ((seen.lastAtMs - written.startedAtMs) / 1000));
    writes.push(UPDATES / ((written.endedAtMs - written.startedAtMs) / 1000));
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
      assertNotResumed(server, await sayLatency('watch: latency', await updatesOf(server, 'pods', signal), { p50: 2, p99: 8 }));
    });
  },
};
