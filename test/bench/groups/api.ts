import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ResourceDefinition } from '../../../src/api/define.ts';
import { configMaps, pods } from '../../../src/api/index.ts';
import type { Pod } from '../../../src/api/schema/generated/types.ts';
import { sleep } from '../../e2e/support/poll.ts';
import { type RequestResult, type RequestTemplate, runJob } from '../load/job.ts';
import { create, get, list, mergePatch, type Plural, podName, remove } from '../load/templates.ts';
import { type Must, round, say } from '../support/figure.ts';
import { createNamespace } from '../support/namespace.ts';
import { type Server, withServer } from '../support/server.ts';
import { CONTROL_PLANE_ONLY, type Group } from './group.ts';

/** Objects of each of the two kinds at the end, as the comparison with upstream was made. */
const TOTAL = 18_000;
const SECONDS = 3;
const PATCHED = 64;
const ALL = 'bench-all';
const LISTS = { 1000: 'bench-1000', 5000: 'bench-5000' };
/** Each namespace has it from minik's controller. */
const CA_CONFIG_MAP = 'kube-root-ca.crt';
const DELETED = 'bench-deleted';
const kinds: Record<Plural, ResourceDefinition> = { pods: pods as ResourceDefinition, configmaps: configMaps as ResourceDefinition };

interface Work {
  readonly request: RequestTemplate;
  readonly clients: number;
  readonly first?: number;
  readonly count?: number;
  readonly seconds?: number;
}

interface Bench {
  readonly server: Server;
  readonly signal: AbortSignal;
}

const perSecond = ({ requests, startedAtMs, endedAtMs }: RequestResult) => requests / ((endedAtMs - startedAtMs) / 1000);

const run = ({ server }: Bench, { first = 0, count = 1_000_000, seconds = SECONDS, ...work }: Work): Promise<RequestResult> =>
  runJob({ kind: 'requests', endpoint: server.endpoint, ...work, first, count, seconds });

/** Runs the work and prints its rate, its latencies and what a request cost the server in CPU. */
async function rate(bench: Bench, figure: string, work: Work, must?: Must): Promise<RequestResult> {
  const before = bench.server.cpuSeconds();
  const result = await run(bench, work);
  const cpu = bench.server.cpuSeconds() - before;
  const clients = `${work.clients} client${work.clients === 1 ? '' : 's'}`;
  say(`api: ${figure}, ${clients}`, perSecond(result), '1/s', {
    ...(must && { must }),
    requests: result.requests,
    p50Ms: round(result.p50Ms),
    p99Ms: round(result.p99Ms),
    serverCpuUs: Math.round((cpu / result.requests) * 1e6),
  });
  return result;
}

/** Of what the bench made. */
async function namesIn({ server, signal }: Bench, plural: Plural, namespace: string): Promise<Set<string>> {
  const { items } = await server.client.list(kinds[plural], { namespace, signal });
  const names = new Set(items.map((item) => item.metadata?.name ?? ''));
  assert.equal(names.size, items.length, 'a list names nothing twice');
  names.delete(CA_CONFIG_MAP);
  return names;
}

/** Creates with 1, 16 and 64 clients for a figure each, then what is missing for the whole number. */
async function creates(bench: Bench, plural: Plural, musts: Record<number, number>): Promise<void> {
  let created = 0;
  const most = { 1: 3000, 16: 5000, 64: 10_000 };
  for (const clients of [1, 16, 64] as const) {
    const room = TOTAL - created - 6000;
    const work = { request: create(plural, ALL), clients, first: created, count: Math.min(most[clients], room) };
    const must = musts[clients];
    created += (await rate(bench, `create ${plural}, durable`, work, must === undefined ? undefined : { atLeast: must })).requests;
  }
  assert.equal((await namesIn(bench, plural, ALL)).size, created, 'what was acknowledged is there, nothing else');
  let elsewhere = 0;
  if (plural === 'pods') {
    for (const [count, namespace] of Object.entries(LISTS)) {
      elsewhere += (await run(bench, { request: create(plural, namespace), clients: 64, count: Number(count), seconds: 60 })).requests;
    }
  }
  const rest = TOTAL - created - elsewhere;
  const { requests } = await run(bench, { request: create(plural, ALL), clients: 64, first: created, count: rest, seconds: 60 });
  assert.equal(requests, rest);
}

async function gets(bench: Bench): Promise<void> {
  const musts: Record<number, Must> = { 1: { atLeast: 2500 }, 64: { atLeast: 12_000 } };
  const request = get('pods', ALL, podName('0000007'));
  for (const clients of [1, 16, 64]) await rate(bench, 'get one pod', { request, clients }, musts[clients]);
}

async function patches(bench: Bench): Promise<void> {
  for (const clients of [1, 16, PATCHED]) {
    const must = clients === PATCHED ? { atLeast: 2000 } : undefined;
    const { lastOfClient } = await rate(bench, `merge patch of ${clients} pods`, { request: mergePatch('pods', ALL), clients }, must);
    await assertPatched(bench, lastOfClient);
  }
  const work = { request: mergePatch('configmaps', ALL), clients: PATCHED };
  await rate(bench, `merge patch of ${PATCHED} configmaps`, work);
}

/** The last acknowledged patch of each client is what the object has. */
async function assertPatched({ server, signal }: Bench, lastOfClient: readonly number[]): Promise<void> {
  for (const [client, last] of lastOfClient.entries()) {
    const name = podName(String(client).padStart(7, '0'));
    const pod = await server.client.get<Pod>(pods, name, { namespace: ALL, signal });
    assert.equal(Number(pod.metadata?.annotations?.seq), last, `${name} has its last patch`);
  }
}

async function lists(bench: Bench): Promise<void> {
  const musts: Record<number, Must> = { 1000: { atMost: 12 }, 5000: { atMost: 50 } };
  for (const [count, namespace] of Object.entries(LISTS)) {
    assert.equal((await namesIn(bench, 'pods', namespace)).size, Number(count));
    const request = list('pods', namespace);
    const result = await run(bench, { request, clients: 1, seconds: SECONDS });
    const megabytes = round(result.bytes / result.requests / 1e6);
    say(`api: list ${count} pods, 1 client, p50`, result.p50Ms, 'ms', {
      must: musts[Number(count)] as Must,
      megabytes,
      requests: result.requests,
      p99Ms: round(result.p99Ms),
    });
    for (const clients of [4, 16]) {
      const must = clients === 4 && count === '5000' ? { atLeast: 25 } : undefined;
      await rate(bench, `list ${count} pods`, { request, clients }, must);
    }
  }
}

/** Readers that meet writers: two processes, so that the reader's latency has no part of the writers' load generator. */
async function readsAmongWrites(bench: Bench): Promise<void> {
  const writing = run(bench, { request: mergePatch('pods', ALL), clients: PATCHED, seconds: SECONDS + 2 });
  await sleep(1000);
  const reading = await run(bench, { request: get('pods', ALL, podName('0000007')), clients: 1, seconds: SECONDS });
  const written = await writing;
  assert.ok(written.endedAtMs > reading.endedAtMs, 'the writers wrote all the time');
  say('api: get latency while 64 clients write, p99', reading.p99Ms, 'ms', {
    must: { atMost: 10 },
    p50Ms: round(reading.p50Ms),
    gets: reading.requests,
    writesPerSecond: Math.round(perSecond(written)),
  });
}

async function deletes(bench: Bench): Promise<void> {
  const plan = { configmaps: { 1: 2000, 16: 4000, 64: 8000 }, pods: { 64: 4000 } };
  for (const plural of ['configmaps', 'pods'] as const) {
    const shares = Object.entries(plan[plural]).map(([clients, count]) => ({ clients: Number(clients), count }));
    const total = shares.reduce((sum, { count }) => sum + count, 0);
    const made = await run(bench, { request: create(plural, DELETED), clients: 64, count: total, seconds: 60 });
    assert.equal(made.requests, total);
    let first = 0;
    let gone = 0;
    for (const { clients, count } of shares) {
      const must = plural === 'configmaps' && clients === 64 ? { atLeast: 4000 } : undefined;
      const { requests } = await rate(
        bench,
        `delete ${plural}`,
        { request: remove(plural, DELETED), clients, first, count, seconds: 10 },
        must,
      );
      first += count;
      gone += requests;
    }
    assert.equal((await namesIn(bench, plural, DELETED)).size, total - gone);
    const rest = total - gone;
    if (rest > 0) await bench.server.client.deleteCollection(kinds[plural], { namespace: DELETED, signal: bench.signal });
  }
}

async function countAll(bench: Bench): Promise<void> {
  for (const plural of ['configmaps', 'pods'] as const) {
    let sum = 0;
    for (const namespace of [ALL, ...Object.values(LISTS)]) sum += (await namesIn(bench, plural, namespace)).size;
    assert.equal(sum, TOTAL);
  }
}

async function memory({ server }: Bench): Promise<void> {
  const now = server.memory();
  await sleep(10_000);
  const later = server.memory();
  const details = { pss: Math.round(now.pss), after10s: Math.round(later.rss), pods: TOTAL, configmaps: TOTAL };
  say('api: resident memory after all this', now.rss, 'MiB', { must: { atMost: 400 }, ...details });
}

export const api: Group = {
  name: 'api',
  limitSeconds: 300,
  measuresPrograms: true,
  run: async ({ directory, nodeIp, profileDir, program, signal }) => {
    await withServer({ dataDir: join(directory, 'api'), nodeIp, profileDir, program, flags: CONTROL_PLANE_ONLY }, async (server) => {
      const bench = { server, signal };
      for (const namespace of [ALL, ...Object.values(LISTS), DELETED]) await createNamespace(server, namespace, signal);
      await creates(bench, 'configmaps', { 1: 900, 64: 4000 });
      await creates(bench, 'pods', { 1: 700, 64: 2500 });
      await gets(bench);
      await patches(bench);
      await lists(bench);
      await readsAmongWrites(bench);
      await deletes(bench);
      await countAll(bench);
      await memory(bench);
    });
  },
};
