import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { fitsVolumeAffinity, isLargeEnough } from '../../api/core/volume-matching.ts';
import type {
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  Volume,
} from '../../api/schema/generated/types.ts';
import { fakeNode, fakePod } from '../fake-scheduler.ts';
import { csiVolumesOf } from './csi-volumes-plan.ts';
import { isDiskConflict } from './disk-conflict-plan.ts';
import { claimProblem, decideVolumes, sortClaims, type VolumeView } from './pod-volumes-plan.ts';
import { hasCapacity, isAllowedTopology } from './topology-plan.ts';

const on = (...values: string[]) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }] },
});
const volumeOf = (name: string, storage: string, nodes: string[] = []): PersistentVolume => ({
  metadata: { name },
  spec: {
    capacity: { storage },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 's',
    ...(nodes.length > 0 && { nodeAffinity: on(...nodes) }),
  },
  status: { phase: 'Available' },
});
const claimOf = (name: string, storage = '1Gi', rest: PersistentVolumeClaim = {}): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}`, ...rest.metadata },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, storageClassName: 's', ...rest.spec },
  status: { phase: 'Pending', ...rest.status },
});
const BOUND = { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } };
const local: StorageClass = {
  metadata: { name: 's' },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
};
const dynamic: StorageClass = { ...local, provisioner: 'a.example/b' };
const viewOf = (volumes: readonly PersistentVolume[], storageClass = local, isRoomy = true): VolumeView => ({
  volume: (name) => volumes.find(({ metadata }) => metadata?.name === name),
  volumesOfClass: () => volumes,
  storageClass: () => storageClass,
  hasCapacity: () => isRoomy,
});
const delayed = (...claims: PersistentVolumeClaim[]) => ({ bound: [], delayed: claims, immediate: [] });
const NODE = fakeNode('a');

describe('volumes for claims that wait for the node', () => {
  test('are each for one claim, large enough and within reach of the node; where one claim has none, there is a reason', () => {
    const size = fc.integer({ min: 1, max: 4 }).map((gi) => `${gi}Gi`);
    const volumes = fc
      .array(fc.tuple(size, fc.subarray(['a', 'b'])), { maxLength: 6 })
      .map((list) => list.map(([storage, nodes], i) => volumeOf(`v${i}`, storage, nodes)));
    const claims = fc.array(size, { maxLength: 4 }).map((list) => list.map((storage, i) => claimOf(`c${i}`, storage)));
    fc.assert(
      fc.property(claims, volumes, (wanted, there) => {
        const decision = decideVolumes(delayed(...wanted), NODE, viewOf(there));
        if ('reasons' in decision) {
          expect(decision.reasons).toEqual(["node(s) didn't find available persistent volumes to bind"]);
          return;
        }
        expect(decision.provisions).toEqual([]);
        expect(new Set(decision.bindings.map(({ volume }) => volume)).size).toBe(wanted.length);
        for (const { volume, claim } of decision.bindings) {
          expect(isLargeEnough(claim, volume) && fitsVolumeAffinity(volume, NODE)).toBe(true);
        }
      }),
    );
  });

  it('are chosen smallest claim first, so that a large one is left for the large claim', () => {
    const decision = decideVolumes(
      delayed(claimOf('big', '3Gi'), claimOf('small')),
      NODE,
      viewOf([volumeOf('v3', '3Gi'), volumeOf('v1', '1Gi')]),
    );
    expect('bindings' in decision && decision.bindings.map(({ volume, claim }) => [claim.metadata?.name, volume.metadata?.name])).toEqual([
      ['small', 'v1'],
      ['big', 'v3'],
    ]);
  });

  it('are made where there are none, on nodes that the class allows and that have room', () => {
    const claim = claimOf('c');
    expect(decideVolumes(delayed(claim), NODE, viewOf([], dynamic))).toEqual({ bindings: [], provisions: [claim] });
    expect(decideVolumes(delayed(claim), NODE, viewOf([], dynamic, false))).toEqual({
      reasons: ['node(s) did not have enough free storage'],
    });
    const elsewhere = { ...dynamic, allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['z'] }] }] };
    expect(decideVolumes(delayed(claim), NODE, viewOf([], elsewhere))).toEqual({
      reasons: ["node(s) didn't find available persistent volumes to bind"],
    });
  });

  it('are made for the node that was chosen before, and no other', () => {
    const claim = claimOf('c', '1Gi', { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'b' } } });
    expect(decideVolumes(delayed(claim), NODE, viewOf([volumeOf('v', '1Gi')], dynamic))).toHaveProperty('reasons');
    expect(decideVolumes(delayed(claim), fakeNode('b'), viewOf([volumeOf('v', '1Gi')], dynamic))).toEqual({
      bindings: [],
      provisions: [claim],
    });
  });
});

describe('bound claims', () => {
  const bound = (volumeName: string) => ({ bound: [claimOf('c', '1Gi', { spec: { volumeName } })], delayed: [], immediate: [] });
  it('allow the nodes that reach the volume', () => {
    const there = viewOf([volumeOf('v', '1Gi', ['b'])]);
    expect(decideVolumes(bound('v'), fakeNode('b'), there)).toEqual({ bindings: [], provisions: [] });
    expect(decideVolumes(bound('v'), NODE, there)).toEqual({ reasons: ["node(s) didn't match PersistentVolume's node affinity"] });
    expect(decideVolumes(bound('gone'), NODE, there)).toEqual({
      reasons: ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
    });
  });

  it('are told from those to bind with the node, and from those that the binder is to bind first', () => {
    const done = claimOf('done', '1Gi', { metadata: BOUND, spec: { volumeName: 'v' } });
    const [late, asked, now] = [claimOf('late'), claimOf('asked', '1Gi', { spec: { volumeName: 'v' } }), claimOf('now')];
    const classOf = (claim: PersistentVolumeClaim) => (claim === now ? undefined : local);
    expect(sortClaims([done, late, asked, now], classOf)).toEqual({ bound: [done], delayed: [late], immediate: [asked, now] });
  });
});

describe('a pod whose claim is amiss hears so', () => {
  const pod = fakePod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] });
  const ephemeral = fakePod({ volumes: [{ name: 'v', ephemeral: {} }] }, undefined, { name: 'p', namespace: 'default', uid: 'u' });
  it.each([
    [pod, undefined, 'persistentvolumeclaim "c" not found'],
    [
      pod,
      claimOf('c', '1Gi', { spec: { volumeName: 'v' }, status: { phase: 'Lost' } }),
      'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
    ],
    [pod, claimOf('c', '1Gi', { metadata: { deletionTimestamp: 'now' } }), 'persistentvolumeclaim "c" is being deleted'],
    [ephemeral, undefined, 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"'],
    [ephemeral, claimOf('p-v'), 'PVC default/p-v was not created for pod default/p (pod is not the owner)'],
    [pod, claimOf('c'), undefined],
  ])('%#', (of, claim, expected) => {
    expect(claimProblem(of, () => claim)).toBe(expected);
  });
});

describe('what a driver has left', () => {
  const capacity = (rest: Partial<CSIStorageCapacity>): CSIStorageCapacity => ({ storageClassName: 's', nodeTopology: {}, ...rest });
  const driver = { spec: { storageCapacity: true } };
  it.each([
    ['counts by what is free', [capacity({ capacity: '2Gi' })], true],
    ['counts by the largest volume where that is said', [capacity({ capacity: '9Gi', maximumVolumeSize: '1Gi' })], false],
    ['counts where the node reaches it', [capacity({ capacity: '9Gi', nodeTopology: { matchLabels: { zone: 'z' } } })], false],
    ['is nothing where no node reaches it', [capacity({ capacity: '9Gi', nodeTopology: undefined })], false],
    ['is nothing when nothing is said', [], false],
  ])('%s', (_, capacities, expected) => {
    expect(hasCapacity(claimOf('c', '2Gi'), driver, capacities, NODE)).toBe(expected);
  });
  it('is not asked of drivers that do not say', () => {
    expect(hasCapacity(claimOf('c'), undefined, [], NODE)).toBe(true);
    expect(hasCapacity(claimOf('c'), { spec: {} }, [], NODE)).toBe(true);
  });
  it('is anywhere when a class names no topology', () => {
    expect(isAllowedTopology([], NODE)).toBe(true);
    const term = (values: string[]) => ({ matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values }] });
    expect([term(['a']), term(['b'])].map((one) => isAllowedTopology([one], NODE))).toEqual([true, false]);
  });
});

it.each<[string, Volume, Volume, boolean]>([
  [
    'a disk read by both',
    { name: 'v', gcePersistentDisk: { pdName: 'd', readOnly: true } },
    { name: 'v', gcePersistentDisk: { pdName: 'd', readOnly: true } },
    false,
  ],
  [
    'a disk written by one',
    { name: 'v', gcePersistentDisk: { pdName: 'd' } },
    { name: 'v', gcePersistentDisk: { pdName: 'd', readOnly: true } },
    true,
  ],
  ['two disks', { name: 'v', gcePersistentDisk: { pdName: 'd' } }, { name: 'v', gcePersistentDisk: { pdName: 'e' } }, false],
  ['an EBS volume', { name: 'v', awsElasticBlockStore: { volumeID: 'd' } }, { name: 'v', awsElasticBlockStore: { volumeID: 'd' } }, true],
  [
    'an iSCSI target',
    { name: 'v', iscsi: { iqn: 'q', lun: 0, targetPortal: 'a' } },
    { name: 'v', iscsi: { iqn: 'q', lun: 1, targetPortal: 'b' } },
    true,
  ],
  ['an RBD image', { name: 'v', rbd: { monitors: ['a', 'b'], image: 'i' } }, { name: 'v', rbd: { monitors: ['b'], image: 'i' } }, true],
  [
    'an RBD image of another cluster',
    { name: 'v', rbd: { monitors: ['a'], image: 'i' } },
    { name: 'v', rbd: { monitors: ['b'], image: 'i' } },
    false,
  ],
])('%s in two pods is a conflict or not', (_, a, b, expected) => {
  expect(isDiskConflict(a, b)).toBe(expected);
  expect(isDiskConflict(b, a)).toBe(expected);
});

it('volumes of CSI drivers are counted once by handle, and claims without one for the driver of their class', () => {
  const pod = fakePod({ volumes: ['a', 'b', 'c', 'd'].map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) });
  const csi = (name: string): PersistentVolume => ({ metadata: { name }, spec: { csi: { driver: 'x', volumeHandle: 'h' } } });
  const found = csiVolumesOf(pod, {
    claim: (key) =>
      key === 'default/d' ? undefined : claimOf(key.slice(8), '1Gi', { spec: { volumeName: key === 'default/c' ? '' : key } }),
    volume: (name) => (name ? csi(name) : undefined),
    storageClass: () => dynamic,
  });
  expect([...found]).toEqual([
    ['x/h', 'x'],
    ['a.example/b/default/c', 'a.example/b'],
  ]);
});
