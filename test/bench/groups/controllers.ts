import assert from 'node:assert/strict';
import { join } from 'node:path';
import { deployments, pods } from '../../../src/api/index.ts';
import type { Deployment, Pod } from '../../../src/api/schema/generated/types.ts';
import { eventually, sleep } from '../../e2e/support/poll.ts';
import { startJob } from '../load/job.ts';
import { nowMs, say } from '../support/figure.ts';
import { createNamespace } from '../support/namespace.ts';
import { cpuSecondsOf, memoryOf } from '../support/process-stats.ts';
import { type Server, withServer } from '../support/server.ts';
import type { Group, GroupContext } from './group.ts';

const NAMESPACE = 'bench-controllers';
const CONNECTIONS = 32;
const REPLICAS = 5_000;
const REPLICA_NODES = 500;
const MANY_PODS = 30_000;
const MANY_NODES = 1_000;
const MANY_DEPLOYMENTS = 30;
/** Not the helper's own: each look costs the server a little. */
const POLL_MS = 1_000;
const SETTLE_MS = 30_000;
const MEASURE_MS = 60_000;
/** A thousand nodes have a /24 each. */
const FLAGS = ['--disable-agent', '--cluster-cidr', '10.128.0.0/9'];

const deployment = (name: string, replicas: number): Deployment => ({
  metadata: { name, namespace: NAMESPACE },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name, tier: 'backend' } },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'registry.example/team/application:1.2.3',
            command: ['/bin/application', '--config', '/etc/application/config.yaml'],
            env: Array.from({ length: 4 }, (_, i) => ({ name: `APPLICATION_SETTING_${i}`, value: `the value of setting number ${i}` })),
            ports: [{ name: 'http', containerPort: 8080 }],
            resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
          },
        ],
      },
    },
  },
});

/** Milliseconds (nowMs) at which the Deployment's status said that all replicas are ready. */
async function readyAtMs({ client }: Server, name: string, replicas: number, signal: AbortSignal): Promise<number> {
  const options = { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}`, signal };
  for (;;) {
    for await (const { type, object } of client.watch(deployments, { ...options, resourceVersion: '0' })) {
      if (type === 'MODIFIED' && object.status?.readyReplicas === replicas) return nowMs();
    }
  }
}

/** All pods run, and every simulated node has some; gives how many the fullest one has. */
async function verify({ client }: Server, count: number, nodes: number, signal: AbortSignal): Promise<number> {
  const items: Pod[] = [];
  let next: string | undefined;
  do {
    const page = await client.list<Pod>(pods, { namespace: NAMESPACE, limit: 1_000, ...(next && { continue: next }), signal });
    items.push(...page.items);
    next = page.metadata.continue;
  } while (next);
  assert.equal(items.filter((pod) => pod.status?.phase === 'Running').length, count);
  const byNode = Map.groupBy(items, (pod) => pod.spec?.nodeName ?? '');
  assert.ok(!byNode.has(''), 'every pod has a node');
  assert.equal(byNode.size, nodes, 'every node has pods');
  return Math.max(...[...byNode.values()].map((on) => on.length));
}

async function scaleUp(server: Server, signal: AbortSignal): Promise<void> {
  const { endpoint, client, pid } = server;
  const simulated = startJob({ kind: 'nodes', endpoint, nodes: REPLICA_NODES, connections: CONNECTIONS });
  await simulated.ready;
  await client.create(deployments, deployment('web', 0), { namespace: NAMESPACE, signal });
  const ready = readyAtMs(server, 'web', REPLICAS, signal);
  const cpuBefore = cpuSecondsOf(pid);
  const started = nowMs();
  await client.patch(deployments, 'web', 'merge', { spec: { replicas: REPLICAS } }, { namespace: NAMESPACE, signal });
  const seconds = ((await ready) - started) / 1000;
  const serverCpuSeconds = cpuSecondsOf(pid) - cpuBefore;
  const mostOnANode = await verify(server, REPLICAS, REPLICA_NODES, signal);
  const { cpuSeconds, leases } = await simulated.stop();
  say(`controllers: a Deployment from 0 to ${REPLICAS} ready replicas on ${REPLICA_NODES} simulated nodes`, seconds, 's', {
    must: { atMost: 30 },
    podsPerSecond: Math.round(REPLICAS / seconds),
    mostOnANode,
    serverCpuSeconds,
    simulatorCpuSeconds: cpuSeconds,
    leases,
  });
}

async function atRest(server: Server, signal: AbortSignal): Promise<void> {
  const { endpoint, client, pid } = server;
  const simulated = startJob({ kind: 'nodes', endpoint, nodes: MANY_NODES, connections: CONNECTIONS });
  await simulated.ready;
  const started = nowMs();
  const replicas = MANY_PODS / MANY_DEPLOYMENTS;
  const names = Array.from({ length: MANY_DEPLOYMENTS }, (_, i) => `app-${i}`);
  for (const name of names) await client.create(deployments, deployment(name, replicas), { namespace: NAMESPACE, signal });
  await eventually(
    'all pods are ready',
    async () => {
      await sleep(POLL_MS);
      const { items } = await client.list<Deployment>(deployments, { namespace: NAMESPACE, signal });
      return items.every((d) => d.status?.readyReplicas === replicas);
    },
    600_000,
  );
  const seconds = (nowMs() - started) / 1000;
  const mostOnANode = await verify(server, MANY_PODS, MANY_NODES, signal);
  say(`controllers: ${MANY_DEPLOYMENTS} Deployments to ${MANY_PODS} ready pods on ${MANY_NODES} simulated nodes`, seconds, 's', {
    mostOnANode,
  });
  await sleep(SETTLE_MS);
  const before = cpuSecondsOf(pid);
  await sleep(MEASURE_MS);
  const cpu = ((cpuSecondsOf(pid) - before) / (MEASURE_MS / 1000)) * 100;
  const { rss, pss } = memoryOf(pid);
  const { leases } = await simulated.stop();
  const what = `with ${MANY_NODES} nodes and ${MANY_PODS} pods at rest`;
  say(`controllers: resident memory of the server ${what}`, rss, 'MiB', { must: { atMost: 900 }, pss: Math.round(pss) });
  say(`controllers: CPU of the server ${what}`, cpu, '% of a core', { must: { atMost: 10 }, seconds: MEASURE_MS / 1000, leases });
}

const inServer = (name: string, measure: (server: Server, signal: AbortSignal) => Promise<void>, context: GroupContext) =>
  withServer(
    { dataDir: join(context.directory, name), nodeIp: context.nodeIp, profileDir: context.profileDir, flags: FLAGS },
    async (server) => {
      await createNamespace(server, NAMESPACE, context.signal);
      await measure(server, context.signal);
    },
  );

export const controllers: Group = {
  name: 'controllers',
  limitSeconds: 1_800,
  run: async (context) => {
    await inServer('scale-up', scaleUp, context);
    await inServer('at-rest', atRest, context);
  },
};
