import { afterEach, beforeEach, expect, test } from 'vitest';
import { events, persistentVolumeClaims, persistentVolumes, pods } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/schema/generated/types.ts';
import { storageClasses } from '../../api/storage/storage-class.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { persistentVolume } from './persistentvolume.ts';
import { persistentVolumeClaim, volumeExpand } from './persistentvolumeclaim.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const GI = 1024 ** 3;

function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = stop;
  startControllers([persistentVolumeClaim, persistentVolume, volumeExpand], { client, clock, signal });
  const volume = (name: string, spec: PersistentVolume['spec'] = {}, annotations = {}) =>
    client.create(
      persistentVolumes,
      {
        metadata: { name, annotations },
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1Gi' },
          storageClassName: 's',
          persistentVolumeReclaimPolicy: 'Retain',
          hostPath: { path: '/data' },
          ...spec,
        },
      },
      { signal },
    );
  const claim = (name: string, spec: PersistentVolumeClaim['spec'] = {}) =>
    client.create(
      persistentVolumeClaims,
      {
        metadata: { name, namespace: 'n' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 's', ...spec },
      },
      { namespace: 'n', signal },
    );
  const storageClass = (name: string, rest: object = {}, annotations = {}) =>
    client.create(storageClasses, { metadata: { name, annotations }, provisioner: 'a.example/b', ...rest }, { signal });
  return {
    clock,
    cluster,
    client,
    signal,
    volume,
    claim,
    storageClass,
    remove: (name: string) => client.delete(persistentVolumeClaims, name, { namespace: 'n', signal }),
    claimNow: (name: string) => cluster.find(persistentVolumeClaims, `n/${name}`),
    volumeNow: (name: string) => cluster.find(persistentVolumes, name),
    told: () => cluster.all(events).map(({ involvedObject, reason }) => `${involvedObject?.name} ${reason}`),
  };
}

test('claim and volume find each other whichever comes first, and then nobody writes any more', async () => {
  const { clock, cluster, volume, claim, claimNow, volumeNow } = start();
  await volume('first');
  await clock.advance(1000);
  expect(volumeNow('first')?.status).toMatchObject({ phase: 'Available' });
  await claim('a');
  await claim('b');
  await clock.advance(1000);
  await volume('second');
  await clock.advance(1000);
  for (const name of ['a', 'b']) {
    const { metadata, spec, status } = claimNow(name) ?? {};
    expect(status).toEqual({ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } });
    expect(metadata?.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(volumeNow(spec?.volumeName ?? '')).toMatchObject({
      spec: { claimRef: { name, uid: metadata?.uid } },
      status: { phase: 'Bound' },
    });
  }
  const writes = cluster.writes.length;
  await clock.advance(3_600_000);
  expect(cluster.writes).toHaveLength(writes);
});

test('many claims that come at once get a volume each', async () => {
  const { clock, cluster, volume, claim } = start();
  const numbers = Array.from({ length: 30 }, (_, i) => i);
  await Promise.all(numbers.map((i) => volume(`v${i}`, { capacity: { storage: String((i + 1) * GI) } })));
  await Promise.all(numbers.map((i) => claim(`c${i}`)));
  await clock.advance(60_000);
  const claims = cluster.all(persistentVolumeClaims);
  expect(claims.map(({ status }) => status?.phase)).toEqual(numbers.map(() => 'Bound'));
  expect(new Set(claims.map(({ spec }) => spec?.volumeName)).size).toBe(30);
});

test('a binding that stops half-way is completed with the same volume', async () => {
  const { clock, cluster, volume, claim, claimNow } = start();
  let failures = 3;
  cluster.intercept = ({ verb, resource, subresource }) => {
    if (verb !== 'update' || resource !== 'persistentvolumeclaims' || subresource || failures-- <= 0) return;
    throw new ApiError('InternalError', 'lost');
  };
  await volume('v');
  await volume('w');
  await claim('a');
  await clock.advance(60_000);
  expect(claimNow('a')?.status?.phase).toBe('Bound');
  expect(cluster.all(persistentVolumes).filter(({ spec }) => spec?.claimRef)).toHaveLength(1);
});

test('a volume whose claim is deleted is kept, or fails where nothing here can delete it', async () => {
  const { clock, cluster, volume, claim, remove, volumeNow, told } = start();
  await volume('kept');
  await volume('doomed', { persistentVolumeReclaimPolicy: 'Delete', capacity: { storage: '2Gi' } });
  await claim('a');
  await clock.advance(1000);
  await claim('b');
  await clock.advance(1000);
  await remove('a');
  await remove('b');
  await clock.advance(1000);
  expect(volumeNow('kept')).toMatchObject({ spec: { claimRef: { name: 'a' } }, status: { phase: 'Released' } });
  const message = 'error getting deleter volume plugin for volume "doomed": no deletable volume plugin matched';
  expect(volumeNow('doomed')?.status).toMatchObject({ phase: 'Failed', message });
  expect(told()).toContain('doomed VolumeFailedDelete');
  expect(cluster.all(events).map(({ source }) => source?.component)).toContain('persistentvolume-controller');
  await claim('a');
  await clock.advance(1000);
  expect(volumeNow('kept')?.status?.phase).toBe('Released');
});

test('a recycled volume fails when the last pod that had it has ended, not before', async () => {
  const { clock, cluster, client, signal, volume, claim, remove, volumeNow, told } = start();
  await volume('v', { persistentVolumeReclaimPolicy: 'Recycle' });
  await claim('a');
  cluster.seed(pods, {
    metadata: { name: 'p', namespace: 'n' },
    spec: { containers: [], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'a' } }] },
  });
  await clock.advance(1000);
  await remove('a');
  await clock.advance(1000);
  expect(volumeNow('v')?.status?.phase).toBe('Released');
  expect(told()).toContain('v VolumeFailedRecycle');
  await client.delete(pods, 'p', { namespace: 'n', signal });
  await clock.advance(1000);
  expect(volumeNow('v')?.status).toMatchObject({ phase: 'Failed', message: 'No recycler plugin found for the volume!' });
});

test('a provisioner is named on the claim once, and its volume is bound when it comes', async () => {
  const { clock, volume, claim, claimNow, volumeNow, storageClass, remove, told } = start();
  await storageClass('s');
  await claim('a');
  await clock.advance(1000);
  expect(claimNow('a')?.metadata?.annotations).toEqual({
    'volume.beta.kubernetes.io/storage-provisioner': 'a.example/b',
    'volume.kubernetes.io/storage-provisioner': 'a.example/b',
  });
  expect(told()).toContain('a ExternalProvisioning');
  const { name, namespace, uid } = claimNow('a')?.metadata ?? {};
  await volume(
    'made',
    { claimRef: { kind: 'PersistentVolumeClaim', name, namespace, uid }, persistentVolumeReclaimPolicy: 'Delete' },
    { 'pv.kubernetes.io/provisioned-by': 'a.example/b' },
  );
  await clock.advance(1000);
  expect(claimNow('a')).toMatchObject({ spec: { volumeName: 'made' }, status: { phase: 'Bound' } });
  expect(volumeNow('made')?.metadata?.annotations).not.toHaveProperty('pv.kubernetes.io/bound-by-controller');
  await remove('a');
  await clock.advance(1000);
  expect(volumeNow('made')?.status?.phase).toBe('Released');
});

test('a claim without a class gets the default one when there is one', async () => {
  const { clock, claim, claimNow, storageClass, told } = start();
  await claim('a', { storageClassName: undefined });
  await claim('classless', { storageClassName: '' });
  await clock.advance(1000);
  expect(told()).toEqual(expect.arrayContaining(['a FailedBinding', 'classless FailedBinding']));
  await storageClass('late', {}, { 'storageclass.kubernetes.io/is-default-class': 'true' });
  await clock.advance(1000);
  expect(claimNow('a')?.spec?.storageClassName).toBe('late');
  expect(claimNow('a')?.metadata?.annotations).toHaveProperty('volume.kubernetes.io/storage-provisioner', 'a.example/b');
  expect(claimNow('classless')?.spec?.storageClassName).toBe('');
});

test('a claim that waits for its first consumer says which pod it waits for, and takes what the scheduler reserves', async () => {
  const { clock, client, cluster, signal, volume, claim, claimNow, storageClass, told } = start();
  await storageClass('s', { volumeBindingMode: 'WaitForFirstConsumer' });
  const free = await volume('v');
  await claim('a');
  await clock.advance(1000);
  expect(told()).toEqual(['a WaitForFirstConsumer']);
  cluster.seed(pods, {
    metadata: { name: 'p', namespace: 'n' },
    spec: { containers: [], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'a' } }] },
  });
  await clock.advance(1000);
  expect(cluster.all(events).map(({ message }) => message)).toContain('waiting for pod p to be scheduled');
  expect(claimNow('a')?.status?.phase).toBe('Pending');
  const { name, namespace, uid } = claimNow('a')?.metadata ?? {};
  const claimRef = { kind: 'PersistentVolumeClaim', name, namespace, uid };
  await client.patch(persistentVolumes, free.metadata?.name ?? '', 'merge', { spec: { claimRef } }, { signal });
  await clock.advance(1000);
  expect(claimNow('a')).toMatchObject({ spec: { volumeName: 'v' }, status: { phase: 'Bound' } });
});

test('a bound claim is lost with its volume and says so once', async () => {
  const { clock, client, cluster, signal, volume, claim, claimNow } = start();
  await volume('v');
  await clock.advance(1000);
  await claim('a');
  await clock.advance(1000);
  await client.delete(persistentVolumes, 'v', { signal });
  await clock.advance(1000);
  expect(claimNow('a')?.status).toEqual({ phase: 'Lost' });
  await client.patch(persistentVolumeClaims, 'a', 'merge', { metadata: { labels: { a: 'b' } } }, { namespace: 'n', signal });
  await clock.advance(1000);
  expect(cluster.all(events).map(({ reason, count }) => [reason, count])).toEqual([['ClaimLost', 1]]);
});

test('a bound claim that wants more hears that it waits for the controller of its driver', async () => {
  const { clock, client, cluster, signal, volume, claim } = start();
  await volume('v');
  await clock.advance(1000);
  await claim('a');
  await clock.advance(1000);
  const more = { spec: { resources: { requests: { storage: '2Gi' } } } };
  await client.patch(persistentVolumeClaims, 'a', 'merge', more, { namespace: 'n', signal });
  await clock.advance(1000);
  expect(cluster.all(events).map(({ reason, source }) => [source?.component, reason])).toEqual([['volume_expand', 'ExternalExpanding']]);
});
