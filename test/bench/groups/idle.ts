import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { deployments, pods, services } from '../../../src/api/index.ts';
import type { Deployment, Pod, Service } from '../../../src/api/schema/generated/types.ts';
import { eventually, sleep } from '../../e2e/support/poll.ts';
import { say } from '../support/figure.ts';
import { importHelloImage } from '../support/hello-image.ts';
import { cpuSecondsOf, type Memory, memoryOf, processesNamed } from '../support/process-stats.ts';
import { type Server, withServer } from '../support/server.ts';
import type { Group } from './group.ts';
import { nodeReadyAfterMs } from './start.ts';

const SETTLE_MS = 30_000;
const MEASURE_MS = 30_000;
const REPLICAS = 2;

async function runHello({ client }: Server, signal: AbortSignal): Promise<void> {
  const documents = parseAllDocuments(readFileSync('examples/hello/hello.yaml', 'utf8')).map((d) => d.toJS() as unknown);
  const [deployment, service] = documents as [Deployment, Service];
  await client.create(deployments, deployment, { namespace: 'default', signal });
  await client.create(services, service, { namespace: 'default', signal });
  await eventually('hello runs', async () => {
    const { items } = await client.list<Pod>(pods, { namespace: 'default', labelSelector: 'app=hello', signal });
    const ready = items.filter((pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    return ready.length === REPLICAS;
  });
}

const sum = (memories: readonly Memory[], key: keyof Memory) => memories.reduce((total, memory) => total + memory[key], 0);

async function cpuPercentOf(pids: readonly number[]): Promise<number[]> {
  const before = pids.map(cpuSecondsOf);
  await sleep(MEASURE_MS);
  return pids.map((pid, i) => ((cpuSecondsOf(pid) - (before[i] ?? 0)) / (MEASURE_MS / 1000)) * 100);
}

async function measure(pid: number): Promise<void> {
  const runtime = processesNamed('containerd');
  const [own = 0, ...others] = await cpuPercentOf([pid, ...runtime]);
  const [mine, theirs] = [memoryOf(pid), runtime.map(memoryOf)];
  say('idle: resident memory of server and agent, 2 pods', mine.rss, 'MiB', { must: { atMost: 250 }, pss: Math.round(mine.pss) });
  say('idle: resident memory of containerd and its shims', sum(theirs, 'rss'), 'MiB', {
    pss: Math.round(sum(theirs, 'pss')),
    processes: runtime.length,
  });
  const seconds = MEASURE_MS / 1000;
  say('idle: CPU of server and agent', own, '% of a core', { must: { atMost: 2 }, seconds });
  const runtimeCpu = others.reduce((total, cpu) => total + cpu, 0);
  say('idle: CPU of containerd and its shims', runtimeCpu, '% of a core', { seconds });
}

export const idle: Group = {
  name: 'idle',
  limitSeconds: 180,
  run: async ({ directory, nodeIp, profileDir, signal }) => {
    const dataDir = join(directory, 'idle');
    await withServer({ dataDir, nodeIp, profileDir }, async (server) => {
      await nodeReadyAfterMs(server, signal);
      await importHelloImage(dataDir);
      await runHello(server, signal);
      await sleep(SETTLE_MS);
      await measure(server.pid);
    });
  },
};
