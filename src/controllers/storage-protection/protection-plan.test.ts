import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '../../api/schema/generated/types.ts';
import {
  classesOfClaim,
  classesOfVolume,
  isClaimInUse,
  planClaimFinalizers,
  planClassFinalizers,
  planVolumeFinalizers,
} from './protection-plan.ts';

const PVC_FINALIZER = 'kubernetes.io/pvc-protection';
const PV_FINALIZER = 'kubernetes.io/pv-protection';

const claim = (metadata: object = {}): PersistentVolumeClaim => ({ metadata: { name: 'data', namespace: 'n', ...metadata } });
const pod = (spec: object, metadata: object = {}): Pod =>
  ({ metadata: { name: 'p', namespace: 'n', uid: 'u', ...metadata }, spec: { containers: [], ...spec } }) as Pod;
const mountOf = (claimName: string) => ({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] });
const mounts = mountOf('data');
const ownVolume = { volumes: [{ name: 'v', ephemeral: {} }], nodeName: 'n1' };
const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }];
const owned = claim({ name: 'p-v', ownerReferences });
const shutDown = { deletionTimestamp: 'now', deletionGracePeriodSeconds: 0 };

it.each([
  ['a pod on a node mounts it', claim(), pod({ ...mounts, nodeName: 'n1' }), true],
  ['a pod without a node mounts it', claim(), pod(mounts), false],
  ['a pod on a node mounts another', claim({ name: 'other' }), pod({ ...mounts, nodeName: 'n1' }), false],
  ['it was made for the pod', owned, pod(ownVolume), true],
  ['it was made for the pod, which is shut down', owned, pod(ownVolume, shutDown), false],
  ['it was made for another pod of that name', owned, pod(ownVolume, { uid: 'other' }), false],
])('a claim is in use, or not, when %s', (_, of, by, expected) => {
  expect(isClaimInUse(of, [by])).toBe(expected);
});

it('the finalizer is put on, and taken off when the object goes unused; finalizers of others stay', () => {
  const used = () => [pod({ ...mounts, nodeName: 'n1' })];
  const unused = () => [];
  expect(planClaimFinalizers(claim({ finalizers: ['a/b'] }), unused)).toEqual(['a/b', PVC_FINALIZER]);
  expect(planClaimFinalizers(claim({ finalizers: [PVC_FINALIZER] }), unused)).toBeUndefined();
  const going = claim({ deletionTimestamp: 'now', finalizers: [PVC_FINALIZER, 'a/b'] });
  expect(planClaimFinalizers(going, used)).toBeUndefined();
  expect(planClaimFinalizers(going, unused)).toEqual(['a/b']);
  const volume: PersistentVolume = { metadata: { name: 'v', deletionTimestamp: 'now', finalizers: [] } };
  expect(planVolumeFinalizers(volume)).toBeUndefined();
});

it('a class of attributes is held while claims or volumes name it', () => {
  const going = {
    metadata: { name: 'fast', deletionTimestamp: 'now', finalizers: ['kubernetes.io/vac-protection'] },
  } as VolumeAttributesClass;
  const none = () => [];
  expect(planClassFinalizers(going, () => [claim()], none)).toBeUndefined();
  expect(planClassFinalizers(going, none, () => [{ metadata: { name: 'v' } }])).toBeUndefined();
  expect(planClassFinalizers(going, none, none)).toEqual([]);
});

it('a claim names the classes that it has, that it had and that it is on its way to', () => {
  const status = { currentVolumeAttributesClassName: 'b', modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'a' } };
  expect(classesOfClaim({ ...claim(), spec: { volumeAttributesClassName: 'a' }, status })).toEqual(['a', 'b']);
  expect(classesOfClaim(claim())).toEqual([]);
  expect(classesOfVolume({ spec: { volumeAttributesClassName: 'a' } })).toEqual(['a']);
});

describe('whatever else there is', () => {
  const others = fc.uniqueArray(fc.constantFrom<string>('a/b', 'c/d', 'e/f'));
  /** The finalizer somewhere among those of others. */
  const among = (finalizer: string) =>
    fc.tuple(others, fc.nat(3)).map(([rest, at]) => [...rest.slice(0, at), finalizer, ...rest.slice(at)]);
  const isGoing = fc.boolean();
  const node = { nodeName: 'n1' };
  /** The claim is made for pod u and named data, so that pods may use it in either way. */
  const claimOf = (finalizers: readonly string[], going: boolean) =>
    claim({ ownerReferences, finalizers, ...(going && { deletionTimestamp: 'now' }) });
  const user = fc.constantFrom(
    pod({ ...mounts, ...node }, { uid: 'w' }),
    pod({ ...mounts, ...node }, { uid: 'w', ...shutDown }),
    pod(ownVolume),
    pod(ownVolume, { ...shutDown, deletionGracePeriodSeconds: 30 }),
  );
  const bystander = fc.constantFrom(
    pod(mounts, { uid: 'x' }),
    pod({ ...mountOf('other'), ...node }, { uid: 'y' }),
    pod(ownVolume, { uid: 'z' }),
    pod(ownVolume, shutDown),
    pod({ ...ownVolume, nodeName: undefined }),
  );
  const volumeOf = (finalizers: readonly string[], going: boolean, phase?: string): PersistentVolume => ({
    metadata: { name: 'v', finalizers: [...finalizers], ...(going && { deletionTimestamp: 'now' }) },
    status: phase === undefined ? undefined : { phase },
  });

  test('a claim that goes is held while one pod uses it, and let go, with the finalizers of others on it, when none does', () => {
    fc.assert(
      fc.property(among(PVC_FINALIZER), fc.array(bystander), user, fc.nat(), (finalizers, pods, by, at) => {
        const going = claimOf(finalizers, true);
        expect(planClaimFinalizers(going, () => pods.toSpliced(at % (pods.length + 1), 0, by))).toBeUndefined();
        expect(planClaimFinalizers(going, () => pods)).toEqual(finalizers.filter((one) => one !== PVC_FINALIZER));
      }),
    );
  });

  test('a volume that goes is held while it is bound, and let go in every other phase', () => {
    const phase = fc.constantFrom('Available', 'Released', 'Failed', 'Pending', undefined);
    fc.assert(
      fc.property(among(PV_FINALIZER), phase, (finalizers, unbound) => {
        expect(planVolumeFinalizers(volumeOf(finalizers, true, 'Bound'))).toBeUndefined();
        expect(planVolumeFinalizers(volumeOf(finalizers, true, unbound))).toEqual(finalizers.filter((one) => one !== PV_FINALIZER));
      }),
    );
  });

  test('one write is enough, none puts the finalizer on what goes already, and none loses or moves those of others', () => {
    const finalizers = fc.oneof(others, among(PVC_FINALIZER), among(PV_FINALIZER));
    const kept = (list: readonly string[], mine: string) => list.filter((one) => one !== mine);
    fc.assert(
      fc.property(finalizers, isGoing, fc.array(bystander), fc.constantFrom('Bound', 'Released'), (before, going, pods, phase) => {
        const forClaim = (list: readonly string[]) => planClaimFinalizers(claimOf(list, going), () => pods);
        const forVolume = (list: readonly string[]) => planVolumeFinalizers(volumeOf(list, going, phase));
        for (const { plan, mine } of [
          { plan: forClaim, mine: PVC_FINALIZER },
          { plan: forVolume, mine: PV_FINALIZER },
        ]) {
          const after = plan(before) ?? before;
          expect(plan(after)).toBeUndefined();
          expect(kept(after, mine)).toEqual(kept(before, mine));
          expect(after.includes(mine)).toBe(going ? before.includes(mine) && after === before : true);
        }
      }),
    );
  });
});
