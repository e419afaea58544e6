import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { claimBoundTo, isClaimBound, volumeBoundTo } from '../../api/core/volume-binding.ts';
import { hasAccessModes, isLargeEnough, matchVolume } from '../../api/core/volume-matching.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/schema/generated/types.ts';
import { type ClaimView, claimStatus, expansionNotice, planClaim } from './claim-plan.ts';
import { isReleased, planVolume } from './volume-plan.ts';

const MODES = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'];

const claimOf = (spec: PersistentVolumeClaim['spec'] = {}, metadata: object = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'n', uid: 'uid-c', ...metadata },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, storageClassName: 's', ...spec },
  status: { phase: 'Pending' },
});
const volumeOf = (name: string, spec: PersistentVolume['spec'] = {}, rest: PersistentVolume = {}): PersistentVolume => ({
  ...rest,
  metadata: { name, ...rest.metadata },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '2Gi' },
    storageClassName: 's',
    persistentVolumeReclaimPolicy: 'Retain',
    ...spec,
  },
  status: { phase: 'Available', ...rest.status },
});
const classOf = (rest: Partial<StorageClass> = {}): StorageClass => ({ metadata: { name: 's' }, provisioner: 'a.example/b', ...rest });
const view = (volumes: readonly PersistentVolume[], rest: Partial<ClaimView> = {}): ClaimView => ({
  storageClass: undefined,
  defaultClass: () => undefined,
  candidates: () => volumes,
  volume: (name) => volumes.find(({ metadata }) => metadata?.name === name),
  waitingPods: () => [],
  ...rest,
});
const noticeOf = (claim: PersistentVolumeClaim, of: ClaimView) => {
  const plan = planClaim(claim, of);
  return 'notice' in plan ? [plan.do, plan.notice?.reason, plan.notice?.message] : [plan.do];
};

const modes = fc.subarray(MODES, { minLength: 1 });
const size = fc.integer({ min: 1, max: 5 }).map((gi) => `${gi}Gi`);
const storageClassName = fc.constantFrom('s', 't');
const someVolumes = fc
  .array(fc.record({ accessModes: modes, storage: size, storageClassName }), { maxLength: 8 })
  .map((list) => list.map(({ storage, ...spec }, i) => volumeOf(`v${i}`, { ...spec, capacity: { storage } })));
const someClaims = fc
  .array(fc.record({ accessModes: modes, storage: size, storageClassName }), { maxLength: 8 })
  .map((list) =>
    list.map(({ storage, ...spec }, i) => claimOf({ ...spec, resources: { requests: { storage } } }, { name: `c${i}`, uid: `u${i}` })),
  );

/** Runs both plans until neither wants a change, in an order that the numbers choose, as the controllers would. */
function settle(claims: PersistentVolumeClaim[], volumes: PersistentVolume[], order: readonly number[]): number {
  let writes = 0;
  for (let round = 0; round < 6; round++) {
    const before = writes;
    for (const turn of order) {
      const i = turn % (claims.length || 1);
      const claim = claims[i];
      const plan = claim && planClaim(claim, view(volumes));
      if (claim && plan?.do === 'bind') {
        const at = volumes.indexOf(plan.volume);
        const taken = volumeBoundTo(plan.volume, claim) ?? plan.volume;
        const named = claimBoundTo(claim, taken) ?? claim;
        const status = claimStatus(named, 'Bound', taken);
        if (taken !== plan.volume || named !== claim || status) writes += 1;
        volumes[at] = { ...taken, status: { ...taken.status, phase: 'Bound' } };
        claims[i] = { ...named, ...(status && { status }) };
      }
      const j = turn % (volumes.length || 1);
      const volume = volumes[j];
      const mine = claims.find(({ metadata }) => metadata?.uid === volume?.spec?.claimRef?.uid);
      const next = volume && planVolume(volume, mine, () => []);
      if (next?.do === 'phase' && next.phase !== volume?.status?.phase) {
        writes += 1;
        volumes[j] = { ...volume, status: { phase: next.phase } };
      }
      if (next?.do === 'unbind') throw new Error('nothing was bound twice, so nothing is unbound');
    }
    if (writes === before) return 0;
  }
  return writes;
}

describe('binding', () => {
  test('every bound claim has a volume of its own that does, and at rest nothing is written', () => {
    fc.assert(
      fc.property(someClaims, someVolumes, fc.array(fc.nat(), { minLength: 8, maxLength: 30 }), (claims, volumes, picks) => {
        const order = [...picks, ...claims.map((_, i) => i), ...volumes.map((_, i) => i)];
        expect(settle(claims, volumes, order)).toBe(0);
        const bound = claims.filter(isClaimBound);
        expect(new Set(bound.map(({ spec }) => spec?.volumeName)).size).toBe(bound.length);
        for (const claim of bound) {
          const volume = volumes.find(({ metadata }) => metadata?.name === claim.spec?.volumeName) as PersistentVolume;
          expect(volume.spec?.claimRef?.uid).toBe(claim.metadata?.uid);
          expect(volume.status?.phase).toBe('Bound');
          expect(claim.status).toEqual({ phase: 'Bound', accessModes: volume.spec?.accessModes, capacity: volume.spec?.capacity });
          expect(hasAccessModes(claim, volume) && isLargeEnough(claim, volume)).toBe(true);
          expect(volume.spec?.storageClassName).toBe(claim.spec?.storageClassName);
        }
        const free = volumes.filter(({ spec }) => !spec?.claimRef);
        for (const claim of claims.filter((one) => !isClaimBound(one))) expect(matchVolume(claim, free)).toBeUndefined();
      }),
    );
  });

  test('no smaller volume with as few access modes would have done', () => {
    fc.assert(
      fc.property(someClaims, someVolumes, ([claim], volumes) => {
        const chosen = claim && matchVolume(claim, volumes);
        if (!chosen) return;
        const rank = ({ spec }: PersistentVolume) => [spec?.accessModes?.length ?? 0, Number.parseInt(spec?.capacity?.storage ?? '', 10)];
        const [least = []] = volumes
          .filter((v) => hasAccessModes(claim, v) && isLargeEnough(claim, v) && v.spec?.storageClassName === claim.spec?.storageClassName)
          .map(rank)
          .sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
        expect(rank(chosen)).toEqual(least);
      }),
    );
  });

  it('takes a volume that is reserved for the claim, of any class and before a smaller one', () => {
    const reserved = volumeOf('r', { claimRef: { namespace: 'n', name: 'c' }, capacity: { storage: '9Gi' }, storageClassName: 'other' });
    const plan = planClaim(claimOf(), view([volumeOf('v'), reserved]));
    expect(plan).toEqual({ do: 'bind', volume: reserved });
    expect(volumeBoundTo(reserved, claimOf())?.metadata?.annotations).toBeUndefined();
    expect(volumeBoundTo(volumeOf('v'), claimOf())?.metadata?.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
  });

  it.each([
    ['is reserved for another', volumeOf('v', { claimRef: { namespace: 'n', name: 'd' } })],
    ['belonged to a claim of this name before', volumeOf('v', { claimRef: { namespace: 'n', name: 'c', uid: 'old' } })],
    ['is being deleted', volumeOf('v', {}, { metadata: { deletionTimestamp: 'now' } })],
    ['is a block device', volumeOf('v', { volumeMode: 'Block' })],
    ['has another attributes class', volumeOf('v', { volumeAttributesClassName: 'gold' })],
    ['has the wrong labels', volumeOf('v', {}, { metadata: { labels: { disk: 'hdd' } } })],
    ['is not available yet', volumeOf('v', {}, { metadata: { labels: { disk: 'ssd' } }, status: { phase: 'Pending' } })],
  ])('does not take a volume that %s', (_, volume) => {
    expect(matchVolume(claimOf({ selector: { matchLabels: { disk: 'ssd' } } }), [volume])).toBeUndefined();
  });
});

describe('a claim that names its volume', () => {
  const named = claimOf({ volumeName: 'v' });
  it.each([
    ['that does not exist waits in silence', [], ['wait']],
    ['gets it', [volumeOf('v')], ['bind']],
    [
      'that is smaller hears so',
      [volumeOf('v', { capacity: { storage: '1Gi' } })],
      ['wait', 'VolumeMismatch', 'Cannot bind to requested volume "v": requested PV is too small'],
    ],
    [
      'of another class hears so',
      [volumeOf('v', { storageClassName: '' })],
      ['wait', 'VolumeMismatch', 'Cannot bind to requested volume "v": storageClassName does not match'],
    ],
    [
      'with other access modes hears so',
      [volumeOf('v', { accessModes: ['ReadOnlyMany'] })],
      ['wait', 'VolumeMismatch', 'Cannot bind to requested volume "v": incompatible accessMode'],
    ],
    [
      'that another has hears so',
      [volumeOf('v', { claimRef: { namespace: 'n', name: 'd', uid: 'u' } })],
      ['wait', 'FailedBinding', 'volume "v" already bound to a different claim.'],
    ],
  ])('%s', (_, volumes, expected) => {
    expect(noticeOf(named, view(volumes))).toEqual(expected);
  });
});

describe('a claim without a volume', () => {
  const external =
    "Waiting for a volume to be created either by the external provisioner 'a.example/b' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.";
  const waiting = classOf({ volumeBindingMode: 'WaitForFirstConsumer' });
  const unclassed = claimOf({ storageClassName: undefined });
  it.each([
    ['asks the provisioner of its class', claimOf(), { storageClass: classOf() }, ['provision', 'ExternalProvisioning', external]],
    ['of a class that does not exist', claimOf(), {}, ['wait', 'ProvisioningFailed', 'storageclass.storage.k8s.io "s" not found']],
    [
      'of a class of volumes made by hand',
      claimOf(),
      { storageClass: classOf({ provisioner: 'kubernetes.io/no-provisioner' }) },
      ['wait', 'ProvisioningFailed', 'no volume plugin matched name: kubernetes.io/no-provisioner'],
    ],
    [
      'and no class',
      unclassed,
      {},
      ['wait', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set'],
    ],
    ['gets the default class', unclassed, { defaultClass: () => classOf() }, ['assign-class']],
    [
      'that wants no class gets none',
      claimOf({ storageClassName: '' }),
      { defaultClass: () => classOf() },
      ['wait', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set'],
    ],
    [
      'waits for its first consumer',
      claimOf(),
      { storageClass: waiting },
      ['wait', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding'],
    ],
    [
      'waits for its pod to get a node',
      claimOf(),
      { storageClass: waiting, waitingPods: () => ['p'] },
      ['wait', 'WaitForPodScheduled', 'waiting for pod p to be scheduled'],
    ],
    [
      'waits for its pods to get nodes',
      claimOf(),
      { storageClass: waiting, waitingPods: () => ['p', 'q'] },
      ['wait', 'WaitForPodScheduled', 'waiting for pods p,q to be scheduled'],
    ],
    [
      'is provisioned for when the scheduler has chosen a node',
      claimOf({}, { annotations: { 'volume.kubernetes.io/selected-node': 'n1' } }),
      { storageClass: waiting },
      ['provision', 'ExternalProvisioning', external],
    ],
  ])('%s', (_, claim, rest, expected) => {
    expect(noticeOf(claim, view([], rest))).toEqual(expected);
  });

  it('asks the driver that took over from a built-in plug-in', () => {
    const storageClass = classOf({ provisioner: 'kubernetes.io/aws-ebs' });
    expect(planClaim(claimOf(), view([], { storageClass }))).toMatchObject({ do: 'provision', provisioner: 'ebs.csi.aws.com' });
  });

  it('does not take a free volume before it has a consumer', () => {
    expect(planClaim(claimOf(), view([volumeOf('v')], { storageClass: waiting }))).toMatchObject({ do: 'wait' });
  });
});

describe('a claim that was bound', () => {
  const bound = claimOf({ volumeName: 'v' }, { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } });
  it.each([
    [
      'is lost without its reference',
      { ...bound, spec: {} },
      [],
      ['lose', 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!'],
    ],
    [
      'is lost without its volume',
      bound,
      [],
      ['lose', 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!'],
    ],
    [
      'is lost when its volume is of another',
      bound,
      [volumeOf('v', { claimRef: { uid: 'other' } })],
      ['lose', 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly'],
    ],
    ['is bound again when its volume forgot it', bound, [volumeOf('v')], ['bind']],
  ])('%s', (_, claim, volumes, expected) => {
    expect(noticeOf(claim, view(volumes))).toEqual(expected);
  });

  it('keeps a capacity that differs from its volume, and hears whom its growth waits for', () => {
    const volume = volumeOf('v', { claimRef: { namespace: 'n', name: 'c', uid: 'uid-c' }, capacity: { storage: '4Gi' } });
    const grown = { ...bound, status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } };
    expect(claimStatus(grown, 'Bound', volume)).toBeUndefined();
    expect(expansionNotice(grown, volume)).toEqual({
      type: 'Normal',
      reason: 'ExternalExpanding',
      message: 'waiting for an external controller to expand this PVC',
    });
    expect(expansionNotice({ ...grown, status: { ...grown.status, capacity: { storage: '2Gi' } } }, volume)).toBeUndefined();
  });

  it('shows the attributes class of its volume from the moment of binding', () => {
    const volume = volumeOf('v', { volumeAttributesClassName: 'gold' });
    expect(claimStatus(claimOf(), 'Bound', volume)?.currentVolumeAttributesClassName).toBe('gold');
    expect(claimStatus({ status: { phase: 'Bound', accessModes: ['ReadWriteOnce'] } }, 'Bound', volume)).toBeUndefined();
  });
});

describe('a volume', () => {
  const used = { claimRef: { namespace: 'n', name: 'c', uid: 'uid-c' } };
  const plan = (spec: PersistentVolume['spec'], claim?: PersistentVolumeClaim, metadata: object = {}, users: string[] = []) =>
    planVolume(volumeOf('v', spec, { metadata }), claim, () => users);
  const failure = (reason: string, message: string) => ({
    do: 'release',
    reclaim: { do: 'fail', notice: { type: 'Warning', reason, message } },
  });
  const provisioned = { annotations: { 'pv.kubernetes.io/provisioned-by': 'a.example/b' } };
  const elsewhere = claimOf({ volumeName: 'w' });

  it.each([
    ['is available when nobody has it', plan({}), { do: 'phase', phase: 'Available' }],
    ['is available while it is reserved', plan({ claimRef: { namespace: 'n', name: 'c' } }), { do: 'phase', phase: 'Available' }],
    ['is bound', plan(used, claimOf({ volumeName: 'v' })), { do: 'phase', phase: 'Bound' }],
    ['is left to the claim that is not bound yet', plan(used, claimOf()), { do: 'nothing' }],
    ['is kept', plan(used), { do: 'release', reclaim: { do: 'keep' } }],
    [
      'is kept for the deleter of its driver',
      plan({ ...used, persistentVolumeReclaimPolicy: 'Delete', csi: { driver: 'd', volumeHandle: 'h' } }),
      { do: 'release', reclaim: { do: 'keep' } },
    ],
    [
      'is kept for its provisioner',
      plan({ ...used, persistentVolumeReclaimPolicy: 'Delete' }, undefined, provisioned),
      { do: 'release', reclaim: { do: 'keep' } },
    ],
    [
      'cannot be deleted',
      plan({ ...used, persistentVolumeReclaimPolicy: 'Delete' }),
      failure('VolumeFailedDelete', 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched'),
    ],
    [
      'cannot be recycled',
      plan({ ...used, persistentVolumeReclaimPolicy: 'Recycle' }),
      failure('VolumeFailedRecycle', 'No recycler plugin found for the volume!'),
    ],
    [
      'is not recycled while pods use it',
      plan({ ...used, persistentVolumeReclaimPolicy: 'Recycle' }, undefined, {}, ['n/p', 'n/q']),
      {
        do: 'release',
        reclaim: { do: 'wait', notice: { type: 'Normal', reason: 'VolumeFailedRecycle', message: 'Volume is used by pods: n/p,n/q' } },
      },
    ],
    [
      'that was made for a claim which has another now is released',
      plan({ ...used, persistentVolumeReclaimPolicy: 'Delete' }, elsewhere, provisioned),
      { do: 'release', reclaim: { do: 'keep' } },
    ],
  ])('%s', (_, got, expected) => {
    expect(got).toEqual(expected);
  });

  it('whose claim has another volume is freed, or reserved as it was made', () => {
    const annotations = { 'pv.kubernetes.io/bound-by-controller': 'yes', mine: '1' };
    expect(plan(used, elsewhere, { annotations })).toMatchObject({ do: 'unbind', volume: { metadata: { annotations: { mine: '1' } } } });
    const freed = plan(used, elsewhere, { annotations });
    expect(freed.do === 'unbind' && freed.volume.spec).not.toHaveProperty('claimRef');
    expect(plan(used, elsewhere)).toMatchObject({ do: 'unbind', volume: { spec: { claimRef: { namespace: 'n', name: 'c' } } } });
  });

  it('of the wrong mode is refused to the claim that it names, and both hear why', () => {
    expect(plan({ ...used, volumeMode: 'Block' }, claimOf())).toMatchObject({
      do: 'refuse',
      aboutVolume: { message: 'Cannot bind PersistentVolume to requested PersistentVolumeClaim "c" due to incompatible volumeMode.' },
      aboutClaim: { message: 'Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.' },
    });
  });

  it('that failed stays Failed', () => {
    expect(['Available', 'Bound', 'Released', 'Failed'].map((phase) => isReleased({ status: { phase } }))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
