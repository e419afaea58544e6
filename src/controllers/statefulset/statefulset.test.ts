import { afterEach, beforeEach, expect, test } from 'vitest';
import { controllerRevisions, events, persistentVolumeClaims, pods, statefulSets } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { StatefulSet, StatefulSetSpec } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { statefulSet } from './statefulset.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** The controller on a fake cluster, and a kubelet that makes pods ready and takes away what is being deleted. */
function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = stop;
  startControllers([statefulSet], { client, clock, signal });
  const live = async (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      await clock.advance(1000);
      for (const pod of cluster.all(pods)) {
        if (pod.status?.phase) continue;
        const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(clock.now()) }];
        cluster.seed(pods, { ...pod, status: { phase: 'Running', conditions } });
      }
    }
  };
  const container = (image: string) => ({ containers: [{ name: 'c', image }] });
  const create = (spec: Partial<StatefulSetSpec> = {}) =>
    client.create(
      statefulSets,
      {
        metadata: { name: 'db', namespace: 'n' },
        spec: {
          replicas: 3,
          serviceName: 'db',
          selector: { matchLabels: { app: 'db' } },
          template: { metadata: { labels: { app: 'db' } }, spec: container('a') },
          ...spec,
        },
      },
      { namespace: 'n', signal },
    );
  const change = (spec: object) => client.patch(statefulSets, 'db', 'strategic', { spec }, { namespace: 'n', signal });
  const setImage = (image: string) => change({ template: { spec: container(image) } });
  const set = () => cluster.find(statefulSets, 'n/db') as StatefulSet;
  const names = () =>
    cluster
      .all(pods)
      .map((pod) => pod.metadata?.name)
      .sort();
  const images = () => names().map((name) => cluster.find(pods, `n/${name}`)?.spec?.containers[0]?.image);
  const told = () => cluster.all(events).map((e) => `${e.reason}: ${e.message}`);
  return { clock, cluster, client, signal, live, create, change, setImage, set, names, images, told };
}

test('pods come in order, and the status and events tell', async () => {
  const { cluster, live, create, set, names, told } = start();
  await create();
  await live(1);
  expect(names()).toEqual(['db-0']);
  await live(5);
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
  const [revision] = cluster.all(controllerRevisions);
  const name = revision?.metadata?.name;
  expect(set().status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3 });
  expect(set().status).toMatchObject({ observedGeneration: 1, currentRevision: name, updateRevision: name, collisionCount: 0 });
  expect(revision?.metadata?.labels?.['controller.kubernetes.io/hash']).toBe(name?.slice('db-'.length));
  expect(told()).toContain('SuccessfulCreate: Create Pod db-0 in StatefulSet db successful');
});

test('templates that come back renumber their revision, and old revisions go beyond the limit', async () => {
  const { cluster, live, create, setImage, images } = start();
  await create({ revisionHistoryLimit: 1 });
  await live(5);
  const numbers = () => cluster.all(controllerRevisions).map((r) => r.revision);
  await setImage('b');
  await live(10);
  expect(images()).toEqual(['b', 'b', 'b']);
  expect(numbers()).toEqual([1, 2]);
  await setImage('a');
  await live(10);
  expect(images()).toEqual(['a', 'a', 'a']);
  expect(numbers()).toEqual([3, 2]);
  await setImage('c');
  await live(10);
  await setImage('d');
  await live(10);
  expect(images()).toEqual(['d', 'd', 'd']);
  expect(numbers()).toEqual([4, 5]);
});

test('an update keeps to its partition, and pods below it come back as they were', async () => {
  const { client, signal, live, create, change, setImage, set, images } = start();
  await create();
  await live(5);
  await change({ updateStrategy: { rollingUpdate: { partition: 2 } } });
  await setImage('b');
  await live(10);
  expect(images()).toEqual(['a', 'a', 'b']);
  expect(set().status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
  await client.delete(pods, 'db-0', { namespace: 'n', signal });
  await live(3);
  expect(images()).toEqual(['a', 'a', 'b']);
  await change({ updateStrategy: { rollingUpdate: { partition: 0 } } });
  await live(10);
  expect(images()).toEqual(['b', 'b', 'b']);
  expect(set().status?.currentRevision).toBe(set().status?.updateRevision);
});

test('a name that something else has is left to it, and counted', async () => {
  const { cluster, live, create, set, names } = start();
  await create();
  await live(5);
  const taken = cluster.all(controllerRevisions)[0]?.metadata?.name ?? '';
  const other = start();
  other.cluster.seed(controllerRevisions, { metadata: { name: taken, namespace: 'n' }, revision: 1, data: { other: true } });
  await other.create();
  await other.live(5);
  expect(other.set().status?.collisionCount).toBe(1);
  expect(other.set().status?.updateRevision).not.toBe(taken);
  expect([other.names(), names()]).toEqual([names(), ['db-0', 'db-1', 'db-2']]);
  expect(set().status?.collisionCount).toBe(0);
});

test('claims are made before their pods and stay when the set shrinks, unless they are to go with it', async () => {
  const { cluster, live, create, change, told } = start();
  await create({ replicas: 2, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] });
  await live(5);
  const owners = () =>
    cluster.all(persistentVolumeClaims).map((c) => [c.metadata?.name, ...(c.metadata?.ownerReferences ?? []).map((o) => o.kind)]);
  expect(owners()).toEqual([['data-db-0'], ['data-db-1']]);
  expect(told()).toContain('SuccessfulCreate: Create Claim data-db-0 Pod db-0 in StatefulSet db success');
  expect(cluster.writes.indexOf('create persistentvolumeclaims n/data-db-1')).toBeLessThan(cluster.writes.indexOf('create pods n/db-1'));
  await change({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } });
  await live(3);
  expect(owners()).toEqual([
    ['data-db-0', 'StatefulSet'],
    ['data-db-1', 'StatefulSet'],
  ]);
  expect(told()).toContain('SuccessfulUpdate: Update Pod db-0 in StatefulSet db successful');
  await change({ replicas: 1 });
  await live(3);
  expect(owners()).toEqual([
    ['data-db-0', 'StatefulSet'],
    ['data-db-1', 'Pod'],
  ]);
  await change({ replicas: 2 });
  await live(3);
  expect(cluster.find(pods, 'n/db-1')).toBeUndefined();
  await cluster.client.delete(persistentVolumeClaims, 'data-db-1', { namespace: 'n', signal: stop.signal });
  await live(3);
  expect(cluster.find(pods, 'n/db-1')).toBeDefined();
  expect(owners()).toEqual([
    ['data-db-0', 'StatefulSet'],
    ['data-db-1', 'StatefulSet'],
  ]);
});

test('a claim that is being deleted keeps its pod from being made, which is told, until it is gone', async () => {
  const { cluster, live, create, names, told, client, signal } = start();
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/pvc-protection'] };
  cluster.seed(persistentVolumeClaims, { metadata: { name: 'data-db-0', namespace: 'n', ...going }, spec: {} });
  await create({ replicas: 1, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] });
  await live(3);
  expect(names()).toEqual([]);
  expect(told()).toEqual(['FailedCreate: Create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted']);
  await client.patch(persistentVolumeClaims, 'data-db-0', 'merge', { metadata: { finalizers: null } }, { namespace: 'n', signal });
  await live(30);
  expect(names()).toEqual(['db-0']);
});

test('a claim that cannot be made, and one that another controls, are told', async () => {
  const { cluster, live, create, told } = start();
  cluster.intercept = ({ verb, resource }) => {
    if (verb === 'create' && resource === 'persistentvolumeclaims') throw new ApiError('Forbidden', 'exceeded quota');
  };
  const owner = { apiVersion: 'x/v1', kind: 'Other', name: 'o', uid: 'o', controller: true };
  cluster.seed(persistentVolumeClaims, { metadata: { name: 'logs-db-0', namespace: 'n', ownerReferences: [owner] }, spec: {} });
  await create({
    replicas: 1,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
    volumeClaimTemplates: ['data', 'logs'].map((name) => ({ metadata: { name }, spec: {} })),
  });
  await live(2);
  expect(told().sort()).toEqual([
    'ConflictingController: PersistentVolumeClaim logs-db-0 has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim',
    'FailedCreate: Create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: exceeded quota',
    'FailedCreate: Create Pod db-0 in StatefulSet db failed error: failed to create PVC data-db-0: exceeded quota',
  ]);
});

test("a pod of a member's name without an owner is adopted, another is not; one that does not match any more is let go", async () => {
  const { cluster, client, signal, live, create, names } = start();
  const spec = { containers: [] };
  cluster.seed(pods, { metadata: { name: 'db-1', namespace: 'n', labels: { app: 'db' } }, spec });
  cluster.seed(pods, { metadata: { name: 'stray', namespace: 'n', labels: { app: 'db' } }, spec });
  await create();
  await live(8);
  const owner = (name: string) => cluster.find(pods, `n/${name}`)?.metadata?.ownerReferences?.[0]?.name;
  expect(names()).toEqual(['db-0', 'db-1', 'db-2', 'stray']);
  expect([owner('db-1'), owner('stray')]).toEqual(['db', undefined]);
  expect(cluster.find(pods, 'n/db-1')?.metadata?.labels?.['statefulset.kubernetes.io/pod-name']).toBe('db-1');
  await client.patch(pods, 'db-2', 'merge', { metadata: { labels: { app: 'debug' } } }, { namespace: 'n', signal });
  await live(3);
  expect(owner('db-2')).toBeUndefined();
});

test('a pod that failed is removed and made again', async () => {
  const { cluster, live, create } = start();
  await create();
  await live(5);
  const before = cluster.find(pods, 'n/db-1');
  if (before) cluster.seed(pods, { ...before, status: { phase: 'Failed' } });
  await live(3);
  const after = cluster.find(pods, 'n/db-1');
  expect(after?.status?.phase).toBe('Running');
  expect(after?.metadata?.uid).not.toBe(before?.metadata?.uid);
});

test('a creation that fails is told and tried again', async () => {
  const { cluster, live, create, names, told } = start();
  let failures = 2;
  cluster.intercept = ({ verb, resource }) => {
    if (verb !== 'create' || resource !== 'pods') return;
    failures -= 1;
    if (failures >= 0) throw new ApiError('Forbidden', 'exceeded quota');
  };
  await create();
  await live(20);
  expect(told()).toContain('FailedCreate: Create Pod db-0 in StatefulSet db failed error: exceeded quota');
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
});

test.each(['OrderedReady', 'Parallel'])(
  'a set (%s) whose requests fail at random and whose watches lag still becomes whole',
  async (podManagementPolicy) => {
    const { cluster, clock, live, create, setImage, images } = start();
    let count = 0;
    let failures = 0;
    let most = 0;
    await create({ replicas: 5, podManagementPolicy });
    cluster.intercept = ({ verb, resource }) => {
      most = Math.max(most, cluster.all(pods).length);
      count += 1;
      if (count % 5 === 0) cluster.history.hold();
      if (count % 7 === 0) cluster.history.release();
      const isWrite = verb === 'create' || verb === 'update' || verb === 'patch' || verb === 'delete';
      if (!isWrite || resource === 'events') return;
      failures += count % 3 === 0 ? 1 : 0;
      if (count % 3 === 0) throw new ApiError('InternalError', 'bad luck');
    };
    for (let i = 0; i < 40; i += 1) {
      await live(1);
      cluster.history.release();
    }
    cluster.intercept = () => {};
    await setImage('b');
    cluster.history.release();
    await clock.advance(60_000);
    await live(60);
    expect(failures).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(5);
    expect(images()).toEqual(['b', 'b', 'b', 'b', 'b']);
    expect(cluster.all(controllerRevisions).length).toBe(2);
  },
);
