import { expect, test } from 'vitest';
import type { ControllerRevision, List, Pod, StatefulSet } from './support/kinds.ts';
import { service, webContainer } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('statefulset');

const db = (version: string, replicas: number, partition = 0): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db' },
  spec: {
    serviceName: 'db',
    replicas,
    selector: { matchLabels: { app: 'db' } },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
    template: {
      metadata: { labels: { app: 'db' } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ ...webContainer(), env: [{ name: 'VERSION', value: version }] }] },
    },
  },
});
const pods = async () => (await ns.json<List<Pod>>('get', 'pods', '-l', 'app=db', '--sort-by=.metadata.name')).items;
const versions = async () => (await pods()).map((p) => p.spec?.containers[0]?.env?.[0]?.value);
const rolledOut = () => ns.run('rollout', 'status', 'statefulset/db', '--timeout=90s');

test('pods start in order, under names that stay', async () => {
  await ns.apply(service('db', [{ port: 8080 }], { clusterIP: 'None' }), db('1', 3));
  expect(await rolledOut()).toContain('partitioned roll out complete: 3 new pods have been updated');
  const made = await pods();
  expect(
    made.map((p) => [p.metadata?.name, p.spec?.hostname, p.spec?.subdomain, p.metadata?.labels?.['apps.kubernetes.io/pod-index']]),
  ).toEqual([0, 1, 2].map((i) => [`db-${i}`, `db-${i}`, 'db', String(i)]));
  for (const [i, pod] of made.entries()) {
    const before = made[i - 1]?.status?.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime ?? '';
    expect(Date.parse(pod.metadata?.creationTimestamp ?? '')).toBeGreaterThanOrEqual(Date.parse(before) || 0);
  }
  expect(await ns.run('get', 'statefulset', 'db')).toMatch(/db\s+3\/3/);
  expect(await ns.run('events', '--for', 'statefulset/db')).toContain('Create Pod db-0 in StatefulSet db successful');
});

test('each pod is found by its name over the headless Service, also after it was replaced', async () => {
  const ask = (name: string) => ns.sh('db-0', `wget -qO- http://${name}.db:8080/hostname`);
  await eventually('db-2 answers', async () => (await ask('db-2')) === 'db-2\n');
  const before = (await pods())[2]?.metadata?.uid;
  await ns.run('delete', 'pod', 'db-2');
  await eventually('it is there again', async () => {
    const pod = await ns.podReady('db-2');
    return pod.metadata?.uid !== before;
  });
  await eventually('db-2 answers again', async () => (await ask('db-2')) === 'db-2\n');
});

test('a scale-down takes the highest ordinal, a scale-up makes it again', async () => {
  await ns.run('scale', 'statefulset/db', '--replicas=1');
  await eventually('one is left', async () => (await pods()).map((p) => p.metadata?.name).join() === 'db-0');
  await ns.run('scale', 'statefulset/db', '--replicas=3');
  await rolledOut();
  expect((await pods()).map((p) => p.metadata?.name)).toEqual(['db-0', 'db-1', 'db-2']);
});

test('an update stops at the partition, goes on when that is lowered, and can be undone', async () => {
  await ns.apply(db('2', 3, 2));
  expect(await rolledOut()).toContain('partitioned roll out complete: 1 new pods have been updated');
  expect(await versions()).toEqual(['1', '1', '2']);
  const { status } = await ns.json<StatefulSet>('get', 'statefulset', 'db');
  expect(status).toMatchObject({ replicas: 3, currentReplicas: 2, updatedReplicas: 1 });
  expect(status?.currentRevision).not.toBe(status?.updateRevision);
  await ns.run('delete', 'pod', 'db-0');
  await rolledOut();
  await ns.podReady('db-0');
  expect(await versions()).toEqual(['1', '1', '2']);
  await ns.apply(db('2', 3));
  await rolledOut();
  await eventually('all are updated', async () => (await versions()).join() === '2,2,2');
  await ns.until<StatefulSet>('it is complete', 'statefulset/db', ({ status: s }) => s?.currentRevision === s?.updateRevision);
  const { items } = await ns.json<List<ControllerRevision>>('get', 'controllerrevisions', '-l', 'app=db', '--sort-by=.revision');
  expect(items.map((r) => r.revision)).toEqual([1, 2]);
  expect(await ns.run('rollout', 'history', 'statefulset/db')).toMatch(/^1\s.*\n2\s/m);
  expect(await ns.run('rollout', 'undo', 'statefulset/db')).toContain('rolled back');
  await rolledOut();
  await eventually('all are back', async () => (await versions()).join() === '1,1,1');
});

test('deleting the set takes its pods', async () => {
  await ns.run('delete', 'statefulset', 'db', '--wait=false');
  await eventually('none are left', async () => (await pods()).length === 0);
});
