import { afterEach, beforeEach, expect, test } from 'vitest';
import { controllerRevisions, daemonSets, nodes, pods } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { DaemonSet, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { targetNode } from './daemon-pod-plan.ts';
import { daemonSet } from './daemonset.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** The controller on a fake cluster of two nodes, with a scheduler and kubelet that bind and start pods within a second. */
function start() {
  const { signal } = stop;
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  for (const name of ['a', 'b']) cluster.seed(nodes, { metadata: { name, labels: { color: 'blue' } } });
  startControllers([daemonSet()], { client, clock, signal });
  const tick = async (pod: Pod) => {
    const { name = '', namespace, deletionTimestamp } = pod.metadata ?? {};
    if (deletionTimestamp) await client.delete(pods, name, { namespace, delete: { gracePeriodSeconds: 0 }, signal });
    else if (!pod.status?.phase || pod.status.phase === 'Pending') {
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(clock.now()) }];
      cluster.seed(pods, {
        ...pod,
        spec: { containers: [], ...pod.spec, nodeName: targetNode(pod) },
        status: { phase: 'Running', conditions },
      });
    }
  };
  const live = async (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      await clock.advance(1000);
      for (const pod of cluster.all(pods)) await tick(pod);
    }
  };
  const set = () => cluster.find(daemonSets, 'n/d') as DaemonSet;
  const create = () =>
    client.create(
      daemonSets,
      {
        metadata: { name: 'd', namespace: 'n' },
        spec: {
          selector: { matchLabels: { app: 'd' } },
          revisionHistoryLimit: 2,
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
          template: {
            metadata: { labels: { app: 'd' } },
            spec: { nodeSelector: { color: 'blue' }, containers: [{ name: 'c', image: 'v1' }] },
          },
        },
      },
      { namespace: 'n', signal },
    );
  const setImage = (image: string) =>
    client.patch(
      daemonSets,
      'd',
      'strategic',
      { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } },
      { namespace: 'n', signal },
    );
  const images = () => cluster.all(pods).map((pod) => pod.spec?.containers[0]?.image);
  const revisions = () => [...cluster.all(controllerRevisions)].map((r) => r.revision).sort();
  return { cluster, client, signal, live, set, create, setImage, images, revisions };
}

test('each node gets a pod, and the status counts them', async () => {
  const { cluster, create, live, set } = start();
  await create();
  await live(3);
  expect(cluster.all(pods).map(targetNode).sort()).toEqual(['a', 'b']);
  expect(set().status).toMatchObject({
    desiredNumberScheduled: 2,
    currentNumberScheduled: 2,
    numberReady: 2,
    numberAvailable: 2,
    updatedNumberScheduled: 2,
    numberUnavailable: 0,
    observedGeneration: 1,
  });
  const [revision] = cluster.all(controllerRevisions);
  expect(cluster.all(pods)[0]?.metadata?.labels?.['controller-revision-hash']).toBe(
    revision?.metadata?.labels?.['controller-revision-hash'],
  );
});

test('updates roll out, a template that comes back gets the highest revision, and the history keeps to its limit', async () => {
  const { create, live, setImage, images, revisions } = start();
  await create();
  await live(3);
  await setImage('v2');
  await live(10);
  expect([images(), revisions()]).toEqual([
    ['v2', 'v2'],
    [1, 2],
  ]);
  await setImage('v1');
  await live(10);
  expect([images(), revisions()]).toEqual([
    ['v1', 'v1'],
    [2, 3],
  ]);
  for (const image of ['v3', 'v4']) {
    await setImage(image);
    await live(10);
  }
  expect(revisions()).toEqual([3, 4, 5]);
});

test('going back in the middle of an update leaves those pods alone that it had not reached yet', async () => {
  const { cluster, create, live, setImage, images } = start();
  await create();
  await live(3);
  const before = new Map(cluster.all(pods).map((pod) => [pod.metadata?.uid, pod]));
  cluster.intercept = ({ verb, resource, body }) => {
    const image = (body as { spec?: { containers?: { image?: string }[] } } | undefined)?.spec?.containers?.[0]?.image;
    if (verb === 'create' && resource === 'pods' && image === 'broken') throw new ApiError('Forbidden', 'no such image here');
  };
  await setImage('broken');
  await live(5);
  const reached = [...before.keys()].filter((uid) => !cluster.all(pods).some((pod) => pod.metadata?.uid === uid));
  expect(reached.length).toBe(1);
  await setImage('v1');
  await live(30);
  expect(images()).toEqual(['v1', 'v1']);
  const kept = cluster.all(pods).filter((pod) => before.has(pod.metadata?.uid));
  expect(kept.length).toBe(1);
});

test('nodes that come, and labels that come and go, bring pods and take them away', async () => {
  const { cluster, client, signal, create, live, set } = start();
  await create();
  await live(3);
  cluster.seed(nodes, { metadata: { name: 'c' } });
  await client.patch(nodes, 'a', 'merge', { metadata: { labels: { color: null } } }, { signal });
  await live(3);
  expect(cluster.all(pods).map(targetNode)).toEqual(['b']);
  expect(set().status).toMatchObject({ desiredNumberScheduled: 1, numberMisscheduled: 0 });
  await client.patch(nodes, 'c', 'merge', { metadata: { labels: { color: 'blue' } } }, { signal });
  await live(3);
  expect(cluster.all(pods).map(targetNode).sort()).toEqual(['b', 'c']);
});

test('a failed pod is replaced, and one that fails again and again is replaced ever later', async () => {
  const { cluster, create, live } = start();
  await create();
  await live(3);
  let seen = 0;
  for (let second = 0; second < 60; second += 1) {
    const pod = cluster.all(pods).find((p) => p.spec?.nodeName === 'a');
    if (pod?.status?.phase === 'Running' && !pod.metadata?.deletionTimestamp) {
      cluster.seed(pods, { ...pod, status: { phase: 'Failed' } });
      seen += 1;
    }
    await live(1);
  }
  expect(seen).toBeGreaterThan(3);
  expect(seen).toBeLessThan(9);
});

test('a pod whose labels change is let go and replaced; one that matches and is on the node is adopted', async () => {
  const { cluster, client, signal, create, live } = start();
  await create();
  await live(3);
  const name = cluster.all(pods)[0]?.metadata?.name ?? '';
  await client.patch(pods, name, 'merge', { metadata: { labels: { app: 'debug' } } }, { namespace: 'n', signal });
  await live(3);
  expect([cluster.all(pods).length, cluster.find(pods, `n/${name}`)?.metadata?.ownerReferences ?? []]).toEqual([3, []]);
  await client.patch(pods, name, 'merge', { metadata: { labels: { app: 'd' } } }, { namespace: 'n', signal });
  await live(3);
  expect(cluster.all(pods).map((p) => p.metadata?.ownerReferences?.[0]?.kind)).toEqual(['DaemonSet', 'DaemonSet']);
});

test('a revision whose name another object has is made under another hash', async () => {
  const { cluster, create, live, set, signal, client } = start();
  await create();
  await live(3);
  const [revision] = cluster.all(controllerRevisions);
  await client.delete(daemonSets, 'd', { namespace: 'n', signal });
  cluster.seed(controllerRevisions, {
    ...revision,
    revision: 1,
    data: { other: true },
    metadata: { name: revision?.metadata?.name, namespace: 'n' },
  });
  for (const pod of cluster.all(pods))
    await client.delete(pods, pod.metadata?.name ?? '', { namespace: 'n', delete: { gracePeriodSeconds: 0 }, signal });
  await create();
  await live(5);
  expect(set().status?.collisionCount).toBe(1);
  expect(cluster.all(pods).length).toBe(2);
});

test('a revision that a client makes of the data of another stays until there is something to do', async () => {
  const { cluster, create, live, revisions, signal, client } = start();
  await create();
  await live(3);
  const [{ metadata, ...revision } = { revision: 0 }] = cluster.all(controllerRevisions);
  const { labels, ownerReferences } = metadata ?? {};
  await client.patch(
    controllerRevisions,
    metadata?.name ?? '',
    'merge',
    { metadata: { labels: { more: 'x' } } },
    { namespace: 'n', signal },
  );
  const twin = { ...revision, revision: 2, metadata: { name: 'twin', namespace: 'n', labels, ownerReferences } };
  await client.create(controllerRevisions, twin, { namespace: 'n', signal });
  await live(3);
  expect(revisions()).toEqual([1, 2]);
  await client.patch(daemonSets, 'd', 'merge', { spec: { minReadySeconds: 1 } }, { namespace: 'n', signal });
  await live(5);
  expect(revisions()).toEqual([2]);
});
