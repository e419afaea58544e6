import { expect, it } from 'vitest';
import type { PersistentVolume, VolumeNodeAffinity } from '../schema/generated/types.ts';
import { checkPersistentVolumeUpdate } from './validation-persistent-volume.ts';

const within = (key: string, value = 'a'): PersistentVolume => ({
  spec: {
    hostPath: { path: '/data' },
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] } },
  },
});
const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const ZONE = 'topology.kubernetes.io/zone';
const KEPT = /^Invalid value: .*: field is immutable, except for updating from beta label to GA$/;

it.each<[string, PersistentVolume, PersistentVolume, boolean]>([
  ['none', { spec: { hostPath: { path: '/data' } } }, within(ZONE), true],
  ['itself', within(ZONE), within(ZONE), true],
  ['beta labels', within(BETA_ZONE), within(ZONE), true],
  ['beta labels with another value', within(BETA_ZONE), within(ZONE, 'b'), false],
  ['labels of today', within(ZONE), within(BETA_ZONE), false],
  ['other beta labels', within('beta.kubernetes.io/os'), within(ZONE), false],
  ['anything to none', within(ZONE), { spec: { hostPath: { path: '/data' } } }, false],
  [
    'terms to none',
    within(ZONE),
    { spec: { hostPath: { path: '/data' }, nodeAffinity: { required: {} as NonNullable<VolumeNodeAffinity['required']> } } },
    false,
  ],
])('the nodes that a volume is for change from %s: %#', (_, old, now, allowed) => {
  const errors = checkPersistentVolumeUpdate(now, old);
  expect(errors).toEqual(allowed ? [] : [expect.objectContaining({ path: 'nodeAffinity', message: expect.stringMatching(KEPT) })]);
});
