import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { List, Node, PersistentVolume, PersistentVolumeClaim, Pod } from './support/kinds.ts';
import { container, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('volumes-of-claims');
const directory = join(process.env.MINIK_E2E_DIR ?? '', 'persistent-volumes');
const LABEL = 'e2e=persistent-volumes';
let node = '';

beforeAll(async () => {
  node = (await ns.json<List<Node>>('get', 'nodes')).items[0]?.metadata?.labels?.['kubernetes.io/hostname'] ?? '';
});
afterAll(async () => {
  await ns.run('delete', 'pods,pvc', '--all', '--wait=true');
  await ns.run('delete', 'pv,storageclass', '-l', LABEL);
  rmSync(directory, { recursive: true, force: true });
});

const labels = { e2e: 'persistent-volumes' };
const storageClass = (name: string, provisioner: string, volumeBindingMode = 'Immediate') => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, labels },
  provisioner,
  volumeBindingMode,
});

/** A directory of the node, `local` and bound to it by affinity. */
function volume(name: string, spec: PersistentVolume['spec'] = {}, annotations: Record<string, string> = {}) {
  mkdirSync(join(directory, name), { recursive: true });
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels, annotations },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      local: { path: join(directory, name) },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
      ...spec,
    },
  };
}
const claim = (name: string, storageClassName: string, spec: PersistentVolumeClaim['spec'] = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName, ...spec },
});
const user = (name: string, claimName: string) =>
  pod(name, {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    containers: [container(SLEEP, { volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
  });
const phase = async (object: string) => (await ns.json<PersistentVolume>('get', object)).status?.phase;
const becomes = (object: string, wanted: string) => eventually(`${object} is ${wanted}`, async () => (await phase(object)) === wanted);
const eventsOf = (object: string) => ns.run('events', '--for', object);

test('a claim gets the smallest volume that does, its pod writes to it, and the data outlives the pod and the claim', async () => {
  await ns.apply(
    volume('large', { capacity: { storage: '5Gi' }, storageClassName: 'shelf' }),
    volume('small', { storageClassName: 'shelf' }),
  );
  await becomes('pv/small', 'Available');
  await becomes('pv/large', 'Available');
  await ns.apply(claim('files', 'shelf'), user('writer', 'files'));
  await ns.podReady('writer');
  expect(await ns.run('get', 'pvc', 'files')).toMatch(/files\s+Bound\s+small\s+1Gi\s+RWO\s+shelf/);
  expect(await ns.run('get', 'pv', 'small')).toMatch(
    new RegExp(`small\\s+1Gi\\s+RWO\\s+Retain\\s+Bound\\s+${ns.namespace}/files\\s+shelf`),
  );
  await ns.sh('writer', 'echo kept > /data/file');
  await ns.run('delete', 'pod', 'writer');
  await ns.apply(user('reader', 'files'));
  await ns.podReady('reader');
  expect(await ns.sh('reader', 'cat /data/file')).toBe('kept\n');
  await ns.run('delete', 'pod/reader', 'pvc/files');
  await becomes('pv/small', 'Released');
  expect(readFileSync(join(directory, 'small', 'file'), 'utf8')).toBe('kept\n');
});

test('a claim in use stays until its pod is gone', async () => {
  await ns.apply(volume('busy', { storageClassName: 'busy' }), claim('busy', 'busy'), user('busy', 'busy'));
  await ns.podReady('busy');
  await ns.run('delete', 'pvc', 'busy', '--wait=false');
  expect(await ns.run('get', 'pvc', 'busy')).toContain('Terminating');
  await ns.run('delete', 'pod', 'busy');
  await becomes('pv/busy', 'Released');
});

test('a volume that nothing here can delete says so', async () => {
  await ns.apply(
    volume('doomed', { storageClassName: 'doomed', persistentVolumeReclaimPolicy: 'Delete' }),
    claim('doomed', 'doomed', { volumeName: 'doomed' }),
  );
  await becomes('pvc/doomed', 'Bound');
  await ns.run('delete', 'pvc', 'doomed');
  await becomes('pv/doomed', 'Failed');
  const problem = /VolumeFailedDelete\s+\S+\s+persistentvolume-controller\s+error getting deleter .*: no deletable volume plugin matched/;
  await eventually('it says so', async () => problem.test(await ns.run('describe', 'pv', 'doomed')));
});

test('a claim that waits for its first consumer gets a volume with the node of its pod', async () => {
  await ns.apply(storageClass('on-demand', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer'), claim('late', 'on-demand'));
  await eventually('it says that it waits', async () =>
    (await eventsOf('pvc/late')).includes('waiting for first consumer to be created before binding'),
  );
  await ns.apply(user('consumer', 'late'));
  const message = "node(s) didn't find available persistent volumes to bind";
  await eventually('the pod says what it lacks', async () => (await eventsOf('pod/consumer')).includes(message));
  await ns.apply(volume('found', { storageClassName: 'on-demand' }));
  await ns.podReady('consumer');
  expect((await ns.json<PersistentVolumeClaim>('get', 'pvc/late')).spec?.volumeName).toBe('found');
});

test('an external provisioner is asked for a volume on the chosen node', async () => {
  await ns.apply(storageClass('made', 'e2e.example/fake', 'WaitForFirstConsumer'), claim('ordered', 'made'), user('customer', 'ordered'));
  const { metadata } = await ns.until<PersistentVolumeClaim>(
    'the provisioner is asked',
    'pvc/ordered',
    (c) => c.metadata?.annotations?.['volume.kubernetes.io/storage-provisioner'],
  );
  expect(metadata?.annotations).toMatchObject({
    'volume.kubernetes.io/storage-provisioner': 'e2e.example/fake',
    'volume.kubernetes.io/selected-node': (await ns.json<List<Node>>('get', 'nodes')).items[0]?.metadata?.name,
  });
  expect(await eventsOf('pvc/ordered')).toContain(
    "Waiting for a volume to be created either by the external provisioner 'e2e.example/fake' or manually by the system administrator",
  );
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: ns.namespace, name: 'ordered', uid: metadata?.uid };
  const spec = { storageClassName: 'made', claimRef, persistentVolumeReclaimPolicy: 'Delete' };
  await ns.apply(volume('delivered', spec, { 'pv.kubernetes.io/provisioned-by': 'e2e.example/fake' }));
  const running = await ns.podReady('customer');
  expect((running as Pod).spec?.nodeName).toBe(metadata?.annotations?.['volume.kubernetes.io/selected-node']);
  await ns.run('delete', 'pod/customer', 'pvc/ordered');
  await becomes('pv/delivered', 'Released');
});
