import { afterEach, beforeEach, expect, test } from 'vitest';
import { configMaps, deployments, jobs, namespaces, pods, registry, replicaSets, serviceAccounts } from '../api/index.ts';
import { ApiError } from '../api/meta/status.ts';
import type { Deployment } from '../api/schema/generated/types.ts';
import { rfc3339 } from '../base/clock.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { fakeCluster } from '../client/fake-client.ts';
import { startControllers } from '../client/fake-controllers.ts';
import { controllers } from './index.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** All controllers on a fake cluster, and a kubelet that makes every pod ready after a second. */
function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = stop;
  const list = controllers({
    registry,
    signer: {
      describeCsr: () => Promise.reject(new Error('no requests here')),
      signCsr: () => Promise.reject(new Error('no requests here')),
    },
    issueToken: async () => 'token',
    podRanges: [{ cidr: '10.42.0.0/16', nodeBits: 24 }],
    caPem: 'CA',
  });
  startControllers(list, { client, clock, signal });
  const live = async (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      await clock.advance(1000);
      for (const pod of cluster.all(pods)) {
        if (pod.status?.phase === 'Running') continue;
        const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(clock.now()) }];
        cluster.seed(pods, { ...pod, status: { phase: 'Running', conditions } });
      }
    }
  };
  const web = () => cluster.find(deployments, 'n/web') as Deployment;
  const create = (replicas: number) =>
    client.create(
      deployments,
      {
        metadata: { name: 'web', namespace: 'n' },
        spec: {
          replicas,
          progressDeadlineSeconds: 600,
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'a' }] } },
        },
      },
      { namespace: 'n', signal },
    );
  const change = (patch: object) => client.patch(deployments, 'web', 'strategic', patch, { namespace: 'n', signal });
  const setImage = (image: string) => change({ spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });
  const images = () => cluster.all(pods).map((pod) => pod.spec?.containers[0]?.image);
  return { clock, cluster, client, live, web, create, change, setImage, images };
}

test('a deployment makes a replica set, the replica set makes pods, and the status says when all are available', async () => {
  const { cluster, create, live, web } = start();
  await create(3);
  await live(5);
  expect(cluster.all(pods).length).toBe(3);
  expect(web().status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 });
  expect(
    web()
      .status?.conditions?.map((c) => [c.type, c.status, c.reason])
      .sort(),
  ).toEqual([
    ['Available', 'True', 'MinimumReplicasAvailable'],
    ['Progressing', 'True', 'NewReplicaSetAvailable'],
  ]);
  expect(web().metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
  const [replicaSet] = cluster.all(replicaSets);
  expect(replicaSet?.metadata?.name).toBe(`web-${replicaSet?.metadata?.labels?.['pod-template-hash']}`);
});

test('scaling, rolling out, and rolling back end with the pods that were asked for', async () => {
  const { cluster, create, change, setImage, live, images, web } = start();
  await create(2);
  await live(3);
  await change({ spec: { replicas: 5 } });
  await live(3);
  expect(images()).toEqual(['a', 'a', 'a', 'a', 'a']);
  await setImage('b');
  await live(15);
  expect(images()).toEqual(['b', 'b', 'b', 'b', 'b']);
  await setImage('a');
  await live(15);
  expect(images()).toEqual(['a', 'a', 'a', 'a', 'a']);
  expect(cluster.all(replicaSets).length).toBe(2);
  expect(web().metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
});

test('the annotation that asks for an earlier revision brings it back, and goes', async () => {
  const { create, change, setImage, live, images, web } = start();
  await create(2);
  await live(3);
  await setImage('b');
  await live(15);
  await change({ metadata: { annotations: { 'deprecated.deployment.rollback.to': '0' } } });
  await live(15);
  expect(images()).toEqual(['a', 'a']);
  expect(web().metadata?.annotations).toEqual({ 'deployment.kubernetes.io/revision': '3' });
});

test('a template that changes in the middle of a rollout leaves only the pods of the newest', async () => {
  const { cluster, create, setImage, live, images, web } = start();
  await create(4);
  await live(3);
  await setImage('b');
  await live(1);
  expect(new Set(images())).toContain('a');
  await setImage('c');
  await live(20);
  expect(images()).toEqual(['c', 'c', 'c', 'c']);
  expect(
    cluster
      .all(replicaSets)
      .map((set) => set.spec?.replicas ?? 0)
      .sort(),
  ).toEqual([0, 0, 4]);
  expect(web().status).toMatchObject({ replicas: 4, updatedReplicas: 4, availableReplicas: 4 });
});

test('deleting a job takes its pods along, although they are tracked by a finalizer', async () => {
  const { client, cluster, clock } = start();
  const template = { metadata: { labels: { job: 'j' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a' }] } };
  const spec = { parallelism: 2, completions: 2, selector: { matchLabels: { job: 'j' } }, template };
  const options = { namespace: 'n', signal: stop.signal };
  await client.create(jobs, { metadata: { name: 'j', namespace: 'n' }, spec }, options);
  await clock.advance(2_000);
  expect(cluster.all(pods).map((pod) => pod.metadata?.finalizers)).toEqual([
    ['batch.kubernetes.io/job-tracking'],
    ['batch.kubernetes.io/job-tracking'],
  ]);
  await client.delete(jobs, 'j', { ...options, delete: { propagationPolicy: 'Background' } });
  await clock.advance(5_000);
  expect([cluster.all(jobs), cluster.all(pods)]).toEqual([[], []]);
});

test('creations that fail at random and watches that lag never lead to a pod too many', async () => {
  const { cluster, clock, create, live } = start();
  let count = 0;
  let most = 0;
  cluster.intercept = ({ verb, resource }) => {
    most = Math.max(most, cluster.all(pods).length);
    count += 1;
    if (count % 7 === 0) cluster.history.hold();
    if (count % 11 === 0) cluster.history.release();
    if (verb === 'create' && resource === 'pods' && count % 3 === 0) throw new ApiError('InternalError', 'bad luck');
  };
  await create(20);
  for (let i = 0; i < 60; i += 1) {
    await clock.advance(500);
    cluster.history.release();
  }
  cluster.intercept = () => {};
  cluster.history.release();
  await live(60);
  expect(most).toBeLessThanOrEqual(20);
  expect(cluster.all(pods).length).toBe(20);
});

test('a pod whose labels change is let go and replaced; one that matches and has no owner is adopted', async () => {
  const { cluster, client, create, change, live } = start();
  await create(2);
  await live(3);
  const [pod] = cluster.all(pods);
  const name = pod?.metadata?.name ?? '';
  const options = { namespace: 'n', signal: stop.signal };
  await client.patch(pods, name, 'merge', { metadata: { labels: { app: 'debug' } } }, options);
  await live(3);
  expect(cluster.all(pods).length).toBe(3);
  expect(cluster.find(pods, `n/${name}`)?.metadata?.ownerReferences ?? []).toEqual([]);
  await client.patch(pods, name, 'merge', { metadata: { labels: { app: 'web' } } }, options);
  await live(3);
  expect(cluster.all(pods).length).toBe(2);
  await change({ spec: { replicas: 3 } });
  await live(3);
  expect(cluster.all(pods).every((p) => p.metadata?.ownerReferences?.[0]?.kind === 'ReplicaSet')).toBe(true);
});

test('every namespace gets its service account and CA, and they come back when deleted', async () => {
  const { cluster, client, live } = start();
  await client.create(namespaces, { metadata: { name: 'x' } }, { signal: stop.signal });
  await live(1);
  expect(cluster.find(configMaps, 'x/kube-root-ca.crt')?.data).toEqual({ 'ca.crt': 'CA' });
  await client.delete(serviceAccounts, 'default', { namespace: 'x', signal: stop.signal });
  await live(1);
  expect(cluster.find(serviceAccounts, 'x/default')).toBeDefined();
});

test('a deleted namespace is emptied, tells what it waits for, and goes', async () => {
  const { cluster, client, live } = start();
  const { signal } = stop;
  await client.create(namespaces, { metadata: { name: 'x' }, spec: { finalizers: ['kubernetes'] } }, { signal });
  await client.create(configMaps, { metadata: { name: 'kept', namespace: 'x', finalizers: ['example.com/wait'] } }, { signal });
  await live(1);
  await client.delete(namespaces, 'x', { signal });
  await live(3);
  const condition = (type: string) => cluster.find(namespaces, 'x')?.status?.conditions?.find((c) => c.type === type);
  expect(condition('NamespaceContentRemaining')).toMatchObject({
    status: 'True',
    message: 'Some resources are remaining: configmaps. has 1 resource instances',
  });
  expect(condition('NamespaceFinalizersRemaining')?.message).toContain('example.com/wait in 1 resource instances');
  await client.patch(configMaps, 'kept', 'merge', { metadata: { finalizers: null } }, { namespace: 'x', signal });
  await live(3);
  expect(cluster.find(namespaces, 'x')).toBeUndefined();
  expect(cluster.all(configMaps)).toEqual([]);
});

test('the pods of a deleted namespace go before all else', async () => {
  const { cluster, client, live } = start();
  const { signal } = stop;
  await client.create(namespaces, { metadata: { name: 'x' }, spec: { finalizers: ['kubernetes'] } }, { signal });
  await client.create(configMaps, { metadata: { name: 'used', namespace: 'x' } }, { signal });
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  await client.create(pods, { metadata: { name: 'busy', namespace: 'x', finalizers: ['example.com/wait'] }, spec }, { signal });
  await live(1);
  await client.delete(namespaces, 'x', { signal });
  await live(3);
  expect(cluster.find(configMaps, 'x/used')).toBeDefined();
  await client.patch(pods, 'busy', 'merge', { metadata: { finalizers: null } }, { namespace: 'x', signal });
  await live(3);
  expect(cluster.find(namespaces, 'x')).toBeUndefined();
});

test('deleting a deployment in the background collects its replica sets and pods', async () => {
  const { cluster, client, create, live } = start();
  await create(3);
  await live(3);
  await client.delete(deployments, 'web', { namespace: 'n', signal: stop.signal });
  await live(3);
  expect([cluster.all(replicaSets).length, cluster.all(pods).length]).toEqual([0, 0]);
});

test('deleting in the foreground keeps the owner until its pods are gone', async () => {
  const { cluster, client, create, live } = start();
  const { signal } = stop;
  await create(2);
  await live(3);
  const [pod] = cluster.all(pods);
  const name = pod?.metadata?.name ?? '';
  await client.patch(pods, name, 'merge', { metadata: { finalizers: ['example.com/wait'] } }, { namespace: 'n', signal });
  await client.delete(deployments, 'web', { namespace: 'n', delete: { propagationPolicy: 'Foreground' }, signal });
  await live(3);
  expect([cluster.all(deployments).length, cluster.all(replicaSets).length, cluster.all(pods).length]).toEqual([1, 1, 1]);
  await client.patch(pods, name, 'merge', { metadata: { finalizers: null } }, { namespace: 'n', signal });
  await live(3);
  expect([cluster.all(deployments).length, cluster.all(replicaSets).length, cluster.all(pods).length]).toEqual([0, 0, 0]);
});

test('deleting with orphaning leaves the replica set and its pods', async () => {
  const { cluster, client, create, live } = start();
  await create(2);
  await live(3);
  await client.delete(deployments, 'web', { namespace: 'n', delete: { propagationPolicy: 'Orphan' }, signal: stop.signal });
  await live(3);
  expect([cluster.all(deployments).length, cluster.all(replicaSets).length, cluster.all(pods).length]).toEqual([0, 1, 2]);
  expect(cluster.all(replicaSets)[0]?.metadata?.ownerReferences ?? []).toEqual([]);
});

test('an object that is made with an owner which never existed is collected', async () => {
  const { cluster, client, live } = start();
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'ghost', uid: 'ghost' }];
  await client.create(configMaps, { metadata: { name: 'x', namespace: 'n', ownerReferences } }, { namespace: 'n', signal: stop.signal });
  const unknown = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' }];
  await client.create(
    configMaps,
    { metadata: { name: 'y', namespace: 'n', ownerReferences: unknown } },
    { namespace: 'n', signal: stop.signal },
  );
  await live(2);
  expect(cluster.all(configMaps).map((c) => c.metadata?.name)).toEqual(['y']);
});
