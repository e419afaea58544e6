import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nodes } from '../../../src/api/index.ts';
import type { Node } from '../../../src/api/schema/generated/types.ts';
import { median, nowMs, round, say } from '../support/figure.ts';
import { NODE_NAME, type Server, startServer, withServer } from '../support/server.ts';
import { CONTROL_PLANE_ONLY, type Group, type GroupContext } from './group.ts';

const RUNS = 3;

const isReady = (node: Node) => node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** Milliseconds from the start of the process to the Node's condition Ready, as a watch shows it. */
export async function nodeReadyAfterMs({ client, startedAtMs }: Server, signal: AbortSignal): Promise<number> {
  const options = { fieldSelector: `metadata.name=${NODE_NAME}`, signal };
  const { items, metadata } = await client.list<Node>(nodes, options);
  if (items.some(isReady)) return nowMs() - startedAtMs;
  for await (const event of client.watch<Node>(nodes, { ...options, resourceVersion: metadata?.resourceVersion })) {
    if (event.type !== 'DELETED' && event.type !== 'BOOKMARK' && event.type !== 'ERROR' && isReady(event.object)) break;
  }
  return nowMs() - startedAtMs;
}

/** The first start makes keys and certificates and writes the default objects; the second loads them. */
async function controlPlane({ directory, nodeIp, profileDir }: GroupContext): Promise<void> {
  const times = { first: [] as number[], second: [] as number[] };
  for (let run = 0; run < RUNS; run += 1) {
    const dataDir = join(directory, `plane-${run}`);
    if (existsSync(dataDir)) throw new Error(`${dataDir} is not empty`);
    for (const start of ['first', 'second'] as const) {
      const server = await startServer({ dataDir, nodeIp, flags: CONTROL_PLANE_ONLY, profileDir });
      times[start].push(server.readyAfterMs / 1000);
      await server.stop();
    }
  }
  say('start: empty directory to /readyz', median(times.first), 's', { must: { atMost: 1.5 }, runs: times.first.map(round) });
  say('start: second start to /readyz', median(times.second), 's', { must: { atMost: 0.7 }, runs: times.second.map(round) });
}

async function node({ directory, nodeIp, profileDir, signal }: GroupContext): Promise<void> {
  const [plane, ready, again]: number[][] = [[], [], []];
  for (let run = 0; run < RUNS; run += 1) {
    const dataDir = join(directory, `node-${run}`);
    await withServer({ dataDir, nodeIp, profileDir }, async (server) => {
      plane?.push(server.readyAfterMs / 1000);
      ready?.push((await nodeReadyAfterMs(server, signal)) / 1000);
      await server.stop();
      const second = await startServer({ dataDir, nodeIp, profileDir });
      again?.push((await nodeReadyAfterMs(second, signal)) / 1000);
      await second.stop();
    });
  }
  say('start: with agent, empty directory to /readyz', median(plane ?? []), 's', { runs: plane?.map(round) });
  say('start: empty directory to node Ready, containerd included', median(ready ?? []), 's', {
    must: { atMost: 4 },
    runs: ready?.map(round),
  });
  say('start: second start to node Ready, containerd still running', median(again ?? []), 's', { runs: again?.map(round) });
}

export const start: Group = {
  name: 'start',
  limitSeconds: 180,
  async run(context) {
    await controlPlane(context);
    await node(context);
  },
};
