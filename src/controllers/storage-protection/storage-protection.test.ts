import { expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/schema/generated/types.ts';
import { isClaimInUse, PV_FINALIZER, PVC_FINALIZER, planFinalizers } from './protection-plan.ts';

const claim = (metadata: object = {}): PersistentVolumeClaim => ({ metadata: { name: 'data', namespace: 'n', ...metadata } });
const pod = (spec: object, metadata: object = {}): Pod =>
  ({ metadata: { name: 'p', namespace: 'n', uid: 'u', ...metadata }, spec: { containers: [], ...spec } }) as Pod;
const mounts = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] };
const ownVolume = { volumes: [{ name: 'v', ephemeral: {} }], nodeName: 'n1' };
const owned = claim({ name: 'p-v', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }] });

it.each([
  ['a pod on a node mounts it', claim(), pod({ ...mounts, nodeName: 'n1' }), true],
  ['a pod without a node mounts it', claim(), pod(mounts), false],
  ['a pod on a node mounts another', claim({ name: 'other' }), pod({ ...mounts, nodeName: 'n1' }), false],
  ['it was made for the pod', owned, pod(ownVolume), true],
  [
    'it was made for the pod, which is shut down',
    owned,
    pod(ownVolume, { deletionTimestamp: 'now', deletionGracePeriodSeconds: 0 }),
    false,
  ],
  ['it was made for another pod of that name', owned, pod(ownVolume, { uid: 'other' }), false],
])('a claim is in use, or not, when %s', (_, of, by, expected) => {
  expect(isClaimInUse(of, [by])).toBe(expected);
});

it('the finalizer is put on, and taken off when the object goes unused; finalizers of others stay', () => {
  const used = () => true;
  const unused = () => false;
  expect(planFinalizers(claim({ finalizers: ['a/b'] }), PVC_FINALIZER, unused)).toEqual(['a/b', PVC_FINALIZER]);
  expect(planFinalizers(claim({ finalizers: [PVC_FINALIZER] }), PVC_FINALIZER, unused)).toBeUndefined();
  const going = claim({ deletionTimestamp: 'now', finalizers: [PVC_FINALIZER, 'a/b'] });
  expect(planFinalizers(going, PVC_FINALIZER, used)).toBeUndefined();
  expect(planFinalizers(going, PVC_FINALIZER, unused)).toEqual(['a/b']);
  const volume: PersistentVolume = { metadata: { name: 'v', deletionTimestamp: 'now', finalizers: [] } };
  expect(planFinalizers(volume, PV_FINALIZER, unused)).toBeUndefined();
});
