import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pods as podKind, serviceAccounts } from '../../../src/api/index.ts';
import type { Pod } from '../../../src/api/schema/generated/types.ts';
import type { Client } from '../../../src/client/client.ts';
import { eventually } from '../../e2e/support/poll.ts';
import { median, nowMs, percentile, round, say } from '../support/figure.ts';
import { HELLO_IMAGE, importHelloImage } from '../support/hello-image.ts';
import { cpuSecondsOf, machineCpuSeconds } from '../support/process-stats.ts';
import { type Server, withServer } from '../support/server.ts';
import type { Group } from './group.ts';
import { nodeReadyAfterMs } from './start.ts';

const SINGLE_RUNS = 5;
const AT_ONCE = 30;
const NAMESPACE = 'default';

const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** Ends at once on SIGTERM, which process 1 ignores otherwise. */
const pod = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    containers: [{ name: 'main', image: HELLO_IMAGE, command: ['sh', '-c', "trap 'exit 0' TERM; sleep 3600 & wait"] }],
  },
});

/** When each pod became Ready and went, seen by one watch. */
interface Sightings {
  readonly ready: (name: string) => Promise<number>;
  readonly gone: (name: string) => Promise<number>;
  readonly ended: Promise<void>;
}

function sightings(client: Client, signal: AbortSignal): Sightings {
  const seen = { ready: new Map<string, PromiseWithResolvers<number>>(), gone: new Map<string, PromiseWithResolvers<number>>() };
  const of = (map: Map<string, PromiseWithResolvers<number>>, name: string) => {
    const found = map.get(name) ?? Promise.withResolvers<number>();
    map.set(name, found);
    return found;
  };
  const follow = async () => {
    for await (const event of client.watch<Pod>(podKind, { namespace: NAMESPACE, signal })) {
      if (event.type === 'BOOKMARK' || event.type === 'ERROR') continue;
      const name = event.object.metadata?.name ?? '';
      if (event.type === 'DELETED') of(seen.gone, name).resolve(nowMs());
      else if (isReady(event.object)) of(seen.ready, name).resolve(nowMs());
    }
  };
  const ended = follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return { ready: (name) => of(seen.ready, name).promise, gone: (name) => of(seen.gone, name).promise, ended };
}

/** All at once; milliseconds from the first request to each pod. */
async function createAll(client: Client, names: readonly string[], seen: Sightings, signal: AbortSignal): Promise<number[]> {
  const startedAt = nowMs();
  await Promise.all(names.map((name) => client.create(podKind, pod(name), { namespace: NAMESPACE, signal })));
  const times = await Promise.all(names.map((name) => seen.ready(name)));
  return times.map((at) => (at - startedAt) / 1000);
}

async function deleteAll(client: Client, names: readonly string[], seen: Sightings, signal: AbortSignal): Promise<number[]> {
  const startedAt = nowMs();
  await Promise.all(names.map((name) => client.delete(podKind, name, { namespace: NAMESPACE, signal })));
  const times = await Promise.all(names.map((name) => seen.gone(name)));
  return times.map((at) => (at - startedAt) / 1000);
}

async function measure({ client, pid }: Server, signal: AbortSignal): Promise<void> {
  using watching = endWith(signal);
  const seen = sightings(client, watching.signal);
  const [single, ended]: [number[], number[]] = [[], []];
  for (let run = 0; run < SINGLE_RUNS; run += 1) {
    single.push(...(await createAll(client, [`single-${run}`], seen, signal)));
    ended.push(...(await deleteAll(client, [`single-${run}`], seen, signal)));
  }
  say('pods: one, create to Ready', median(single), 's', { must: { atMost: 0.6 }, runs: single.map(round) });
  say('pods: one, delete to gone', median(ended), 's', { runs: ended.map(round) });

  const names = Array.from({ length: AT_ONCE }, (_, i) => `many-${i}`);
  const before = [cpuSecondsOf(pid), machineCpuSeconds()] as const;
  const ready = await createAll(client, names, seen, signal);
  const cpu = { cpuSeconds: round(cpuSecondsOf(pid) - before[0]), machineCpuSeconds: round(machineCpuSeconds() - before[1]) };
  const running = (await client.list<Pod>(podKind, { namespace: NAMESPACE, signal })).items.filter(isReady);
  assert.equal(running.length, AT_ONCE);
  assert.equal(new Set(running.map((pod) => pod.status?.podIP)).size, AT_ONCE, 'each pod has an address of its own');
  const details = { first: round(Math.min(...ready)), max: round(Math.max(...ready)), ...cpu };
  say(`pods: ${AT_ONCE} at once, create to Ready, p50`, median(ready), 's', { must: { atMost: 3.5 }, ...details });
  const gone = await deleteAll(client, names, seen, signal);
  say(`pods: ${AT_ONCE} at once, delete to gone, p50`, median(gone), 's', { max: round(percentile(gone, 1)) });
  assert.equal((await client.list<Pod>(podKind, { namespace: NAMESPACE, signal })).items.length, 0);
}

/** A signal that also ends with the scope. */
function endWith(signal: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  return { signal: AbortSignal.any([signal, controller.signal]), [Symbol.dispose]: () => controller.abort() };
}

export const pods: Group = {
  name: 'pods',
  limitSeconds: 180,
  run: async ({ directory, nodeIp, profileDir, signal }) => {
    const dataDir = join(directory, 'pods');
    await withServer({ dataDir, nodeIp, profileDir }, async (server) => {
      await nodeReadyAfterMs(server, signal);
      await importHelloImage(dataDir);
      await eventually('the default service account', () =>
        server.client.get(serviceAccounts, 'default', { namespace: NAMESPACE, signal }),
      );
      await measure(server, signal);
    });
  },
};
