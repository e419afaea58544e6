import { expect, test } from 'vitest';
import type { List, Pod, ReplicationController, Service } from './support/kinds.ts';
import { container, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { list, testNamespace } from './support/scope.ts';

const ns = testNamespace('rc');
const controller = (name: string, replicas: number, args: object = {}): ReplicationController => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name },
  spec: {
    replicas,
    selector: { app: name },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 1, containers: [container(SLEEP, args)] },
    },
  },
});
const create = (rc: ReplicationController) => ns.with({ input: list([rc]) }, 'create', '-f', '-');
const pods = async (name: string) => (await ns.json<List<Pod>>('get', 'pods', '-l', `app=${name}`)).items;
const running = async (name: string) =>
  (await pods(name)).filter((pod) => pod.status?.phase === 'Running' && !pod.metadata?.deletionTimestamp);
const runs = (name: string, count: number) =>
  eventually(`${count} pods of ${name} run`, async () => (await running(name)).length === count && (await pods(name)).length === count);

test('create makes its pods, describe and get tell of them, delete stops them', async () => {
  expect((await create(controller('update-demo', 2))).stdout).toBe('replicationcontroller/update-demo created\n');
  await runs('update-demo', 2);
  await ns.until<ReplicationController>('both are ready', 'rc/update-demo', ({ status }) => status?.readyReplicas === 2);
  expect(await ns.run('get', 'rc', 'update-demo')).toMatch(/^update-demo\s+2\s+2\s+2\s/m);
  const described = await ns.run('describe', 'rc', 'update-demo');
  expect(described).toMatch(/Replicas:\s+2 current \/ 2 desired/);
  expect(described).toMatch(/Pods Status:\s+2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/);
  expect(described).toMatch(/SuccessfulCreate\s.*replication-controller\s+Created pod: update-demo-/);
  const [pod] = await pods('update-demo');
  expect(await ns.run('describe', 'pod', pod?.metadata?.name ?? '')).toContain('Controlled By:  ReplicationController/update-demo');
  await ns.run('delete', 'rc', 'update-demo');
  await runs('update-demo', 0);
});

test('scale adds and takes away pods', async () => {
  await create(controller('scaled', 2));
  await runs('scaled', 2);
  expect(await ns.run('scale', 'rc', 'scaled', '--replicas=1', '--timeout=5m')).toBe('replicationcontroller/scaled scaled\n');
  await runs('scaled', 1);
  await ns.run('scale', 'rc', 'scaled', '--replicas=2', '--timeout=5m');
  await runs('scaled', 2);
  expect((await ns.fails('scale', 'rc', 'scaled', '--current-replicas=7', '--replicas=1')).stderr).toContain(
    'Expected replicas to be 7, was 2',
  );
});

test('expose makes Services for it, and for such a Service', async () => {
  await ns.run('expose', 'rc', 'scaled', '--name=rm2', '--port=1234', '--target-port=6379');
  await ns.run('expose', 'service', 'rm2', '--name=rm3', '--port=2345', '--target-port=6379');
  for (const [name, port] of [
    ['rm2', 1234],
    ['rm3', 2345],
  ] as const) {
    expect((await ns.json<Service>('get', 'service', name)).spec).toMatchObject({
      selector: { app: 'scaled' },
      ports: [{ port, targetPort: 6379, protocol: 'TCP' }],
    });
    await eventually('both pods are behind it', async () => /:6379,\S+:6379/.test(await ns.run('get', 'endpoints', name)));
  }
});

test('patch annotates each of its pods', async () => {
  for (const { metadata } of await pods('scaled')) {
    await ns.run('patch', 'pod', metadata?.name ?? '', '-p', '{"metadata":{"annotations":{"x":"y"}}}');
  }
  expect((await pods('scaled')).map((pod) => pod.metadata?.annotations?.x)).toEqual(['y', 'y']);
});

test('a pod that matches is adopted, one that does not match any more is let go and replaced', async () => {
  const [pod] = await pods('scaled');
  const name = pod?.metadata?.name ?? '';
  await ns.run('label', 'pod', name, 'app=else', '--overwrite');
  await runs('scaled', 2);
  expect((await ns.json<Pod>('get', 'pod', name)).metadata?.ownerReferences ?? []).toEqual([]);
  await ns.run('scale', 'rc', 'scaled', '--replicas=3');
  await ns.run('label', 'pod', name, 'app=scaled', '--overwrite');
  await ns.until<Pod>('it is adopted', `pod/${name}`, ({ metadata }) => metadata?.ownerReferences?.[0]?.name === 'scaled');
});

test('its pods are collected with it when they are not to be orphaned', async () => {
  await create(controller('collected', 2));
  await runs('collected', 2);
  await ns.run('delete', 'rc', 'collected', '--cascade=background');
  await runs('collected', 0);
});

test('deleted in the foreground, it stays until its last pod is gone', async () => {
  await create(controller('foreground', 2));
  await runs('foreground', 2);
  const [pod] = await pods('foreground');
  const name = pod?.metadata?.name ?? '';
  await ns.run('patch', 'pod', name, '-p', '{"metadata":{"finalizers":["example.com/wait"]}}');
  await ns.run('delete', 'rc', 'foreground', '--cascade=foreground', '--wait=false');
  await eventually('one pod is left', async () => (await pods('foreground')).length === 1);
  const { metadata } = await ns.json<ReplicationController>('get', 'rc', 'foreground');
  expect([metadata?.deletionTimestamp !== undefined, metadata?.finalizers]).toEqual([true, ['foregroundDeletion']]);
  await ns.run('patch', 'pod', name, '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]');
  await eventually('it is gone', async () => (await ns.run('get', 'rc', 'foreground', '--ignore-not-found')) === '');
});

test('its pods stay, without an owner, when they are orphaned', async () => {
  await create(controller('orphaned', 2));
  await runs('orphaned', 2);
  await ns.run('delete', 'rc', 'orphaned', '--cascade=orphan');
  await eventually('nobody owns them', async () => (await pods('orphaned')).every((pod) => !pod.metadata?.ownerReferences?.length));
  expect((await running('orphaned')).length).toBe(2);
});

test('a quota that has no room shows as a condition until there is room', async () => {
  await ns.run('create', 'quota', 'few', '--hard=pods=1');
  await create(controller('refused', 1));
  const isRefused = ({ status }: ReplicationController) => status?.conditions?.find((c) => c.type === 'ReplicaFailure');
  const rc = await ns.until<ReplicationController>('it says why', 'rc/refused', isRefused);
  expect(isRefused(rc)).toMatchObject({ status: 'True', reason: 'FailedCreate' });
  await ns.run('delete', 'quota', 'few');
  await runs('refused', 1);
  await ns.until<ReplicationController>('the condition is gone', 'rc/refused', (now) => !isRefused(now));
});
