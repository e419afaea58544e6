import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { pathsOf } from '../../src/cli/wire/paths.ts';
import { isRunning, suiteCluster } from './support/cluster.ts';
import type { List, Pod } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { deployment, PAGE, pod, service, webContainer } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('restart');
const suite = suiteCluster();

/** Everything that would differ if a container had been started anew. */
async function running() {
  const { items } = await ns.json<List<Pod>>('get', 'pods');
  return items
    .flatMap(({ metadata, status }) =>
      (status?.containerStatuses ?? []).map((c) =>
        [metadata?.uid, status?.podIP, c.containerID, c.restartCount, c.state?.running?.startedAt].join(' '),
      ),
    )
    .sort();
}
const ready = () => kubectl(['wait', '--for=condition=Ready', 'node/node-a', '--timeout=60s']);
const answers = () => eventually('the Service answers', async () => (await ns.sh('client', 'timeout 5 wget -q -O - http://web/')) === PAGE);

async function worksAsBefore(before: string[]): Promise<void> {
  await ready();
  await answers();
  expect(await running()).toEqual(before);
  await ns.run('create', 'configmap', 'written-after');
  await ns.run('delete', 'configmap', 'written-after');
  await ns.apply(pod('after'));
  await ns.podReady('after');
  await ns.run('delete', 'pod', 'after');
}

/** Pids of a container: those whose cgroup carries its id. */
function pidsOf(containerId: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const inContainer = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId);
    } catch {
      return false;
    }
  };
  return pids.filter(inContainer).map(Number);
}
const containerdRecord = () => join(pathsOf(suite.dataDir).stateDir, 'containerd.pid');

beforeAll(async () => {
  await ns.apply(deployment('web', 2, { containers: [webContainer()] }), service('web', [{ port: 80, targetPort: 8080 }]), pod('client'));
  await ns.run('rollout', 'status', 'deployment/web', '--timeout=60s');
  await ns.podReady('client');
  await answers();
});

test('a restart of minik leaves containers alone', async () => {
  const before = await running();
  await suite.stop();
  await suite.start();
  await worksAsBefore(before);
});

test('SIGTERM ends the server in order, exit code 0', async () => {
  const before = await running();
  // Started by this process in the test before, which is how it can see the exit code.
  expect(await suite.stop()).toBe(0);
  await suite.start();
  await worksAsBefore(before);
});

test('kill -9 loses nothing that was acknowledged, and leaves containers alone', async () => {
  const before = await running();
  const written: string[] = [];
  const writing = (async () => {
    for (let i = 0; ; i += 1) {
      const { exitCode } = await kubectl(['-n', ns.namespace, 'create', 'configmap', `acknowledged-${i}`], { mayFail: true });
      if (exitCode !== 0) return;
      written.push(`configmap/acknowledged-${i}`);
    }
  })();
  await eventually('some are written', () => written.length >= 5);
  await suite.kill();
  await writing;
  await suite.start();
  const kept = (await ns.run('get', 'configmaps', '-o', 'name')).split('\n');
  expect(kept).toEqual(expect.arrayContaining(written));
  await worksAsBefore(before);
});

test('what ended while minik was away is noticed', async () => {
  const { metadata, status } = await ns.json<Pod>('get', 'pod', 'client');
  const id = status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
  await suite.stop();
  const pids = pidsOf(id);
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await suite.start();
  const again = await ns.until<Pod>(
    'it is started again',
    'pod/client',
    (p) => p.status?.containerStatuses?.[0]?.restartCount === 1 && p.status.containerStatuses[0].ready,
  );
  expect(again.metadata?.uid).toBe(metadata?.uid);
});

test('containerd may be killed; it comes back and containers do not notice', async () => {
  const before = await running();
  const record = () => JSON.parse(readFileSync(containerdRecord(), 'utf8')) as { pid: number };
  const { pid } = record();
  process.kill(pid, 'SIGKILL');
  await eventually('another containerd runs', () => record().pid !== pid && isRunning(record().pid));
  await eventually('exec works again', () => ns.sh('client', 'true').then(() => true));
  await worksAsBefore(before);
});
