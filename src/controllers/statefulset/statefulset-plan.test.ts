import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PersistentVolumeClaim, Pod, StatefulSet, StatefulSetSpec } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { withClaimOwners } from './claim-owners-plan.ts';
import { ordinalOf, revisionOf } from './identity-plan.ts';
import { type Observed, planStatefulSet } from './statefulset-plan.ts';

const NOW = Date.UTC(2026, 0, 2);
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const setOf = (spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  metadata: { name: 's', namespace: 'n', uid: 'set', generation: 1 },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'a' } },
    serviceName: 'svc',
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    template,
    ...spec,
  },
});
const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });

type State = 'ready' | 'unready' | 'pending' | 'failed' | 'going';
function pod(ordinal: number, state: State = 'ready', revision = 'new'): Pod {
  const phase = state === 'pending' ? 'Pending' : state === 'failed' ? 'Failed' : 'Running';
  const ready = {
    type: 'Ready',
    status: state === 'ready' || state === 'going' ? 'True' : 'False',
    lastTransitionTime: rfc3339(NOW - 10_000),
  };
  return {
    metadata: {
      name: `s-${ordinal}`,
      uid: `uid-${ordinal}`,
      labels: { 'statefulset.kubernetes.io/pod-name': `s-${ordinal}`, 'controller-revision-hash': revision },
      ...(state === 'going' && { deletionTimestamp: rfc3339(NOW) }),
    },
    spec: { containers: [] },
    status: { phase, conditions: [ready] },
  };
}
const plan = (set: StatefulSet, pods: readonly Pod[], more: Partial<Observed> = {}) =>
  planStatefulSet({
    set,
    pods,
    claim: () => undefined,
    current: { name: 'old', template },
    update: { name: 'new', template },
    collisionCount: 0,
    nowMs: NOW,
    ...more,
  });
const shown = (...args: Parameters<typeof plan>) =>
  plan(...args).steps.map((step) => `${step.do} ${step.do === 'update-claim' ? step.claim.metadata?.name : step.pod.metadata?.name}`);

test('an ordered set makes one pod at a time, each after all before it are available', () => {
  expect(shown(setOf(), [])).toEqual(['create s-0']);
  expect(shown(setOf(), [pod(0, 'pending')])).toEqual([]);
  expect(shown(setOf(), [pod(0, 'unready'), pod(1)])).toEqual([]);
  expect(shown(setOf(), [pod(0), pod(2)])).toEqual(['create s-1']);
  const patient = setOf({ minReadySeconds: 30 });
  expect(shown(patient, [pod(0)])).toEqual([]);
  expect(plan(patient, [pod(0)]).afterMs).toBe(20_000);
  expect(shown(patient, [pod(0)], { nowMs: NOW + 20_000 })).toEqual(['create s-1']);
});

test('a pod that failed is made anew, one that its node refused a little later', () => {
  expect(shown(setOf(), [pod(0, 'failed')])).toEqual(['delete s-0']);
  const failed = pod(0, 'failed');
  const metadata = { ...failed.metadata, creationTimestamp: rfc3339(NOW) };
  const refused = { ...failed, metadata, status: { ...failed.status, reason: 'OutOfcpu' } };
  expect(shown(setOf(), [refused])).toEqual([]);
  expect(plan(setOf(), [refused]).afterMs).toBe(2000);
  expect(plan(setOf(), [refused], { nowMs: NOW - 3_600_000 }).afterMs).toBe(2000);
  expect(shown(setOf(), [refused], { nowMs: NOW + 2000 })).toEqual(['delete s-0']);
});

test('a parallel set does all at once', () => {
  const set = setOf({ podManagementPolicy: 'Parallel' });
  expect(shown(set, [pod(1, 'unready'), pod(4), pod(5)])).toEqual(['create s-0', 'create s-2', 'delete s-5', 'delete s-4']);
});

test('a scale-down waits for the others, and takes the highest ordinal first', () => {
  expect(
    shown(
      setOf(),
      [0, 1, 2, 3, 4].map((i) => pod(i)),
    ),
  ).toEqual(['delete s-4']);
  expect(shown(setOf(), [pod(0), pod(1), pod(2), pod(3), pod(4, 'going')])).toEqual([]);
  expect(shown(setOf(), [pod(0), pod(1), pod(2), pod(3, 'unready'), pod(4)])).toEqual(['delete s-4']);
  expect(shown(setOf(), [pod(0), pod(1), pod(2), pod(3, 'unready'), pod(4, 'unready')])).toEqual([]);
  expect(shown(setOf(), [pod(0), pod(1), pod(2), pod(3, 'unready')])).toEqual(['delete s-3']);
  expect(shown(setOf(), [pod(0, 'unready'), pod(1), pod(2), pod(3)])).toEqual([]);
});

test('the first ordinal may be another than 0', () => {
  expect(shown(setOf({ ordinals: { start: 2 } }), [pod(2), pod(3)])).toEqual(['create s-4']);
  expect(shown(setOf({ ordinals: { start: 2 } }), [pod(0), pod(2), pod(3), pod(4)])).toEqual(['delete s-0']);
});

test('pods that ended are removed, and made again when they are gone', () => {
  expect(shown(setOf(), [pod(0, 'failed'), pod(1)])).toEqual(['delete s-0']);
});

test('an update replaces from the highest ordinal down to the partition, one after the other', () => {
  const old = [0, 1, 2].map((i) => pod(i, 'ready', 'old'));
  expect(shown(setOf(), old)).toEqual(['delete s-2']);
  expect(plan(setOf(), old).status).toMatchObject({
    currentReplicas: 2,
    updatedReplicas: 0,
    currentRevision: 'old',
    updateRevision: 'new',
  });
  expect(shown(setOf(), [pod(0, 'ready', 'old'), pod(1, 'ready', 'old'), pod(2)])).toEqual(['delete s-1']);
  expect(shown(setOf(rolling({ partition: 2 })), [pod(0, 'ready', 'old'), pod(1, 'ready', 'old'), pod(2)])).toEqual([]);
  expect(shown(setOf(rolling({ partition: 0, maxUnavailable: 2 })), old)).toEqual(['delete s-2', 'delete s-1']);
  expect(shown(setOf(rolling({ partition: 0, maxUnavailable: '70%' })), old)).toEqual(['delete s-2', 'delete s-1']);
  expect(shown(setOf(rolling({ partition: 0, maxUnavailable: '1%' })), old)).toEqual(['delete s-2']);
  expect(shown(setOf({ updateStrategy: { type: 'OnDelete' } }), old)).toEqual([]);
  expect(
    shown(
      setOf({ ordinals: { start: 5 }, ...rolling({ partition: 2 }) }),
      [5, 6, 7].map((i) => pod(i, 'ready', 'old')),
    ),
  ).toEqual(['delete s-7']);
});

test('a parallel set replaces what is unavailable anyway, so that a broken revision can be mended', () => {
  const set = setOf({ podManagementPolicy: 'Parallel' });
  expect(shown(set, [pod(0, 'ready', 'old'), pod(1, 'ready', 'old'), pod(2, 'unready', 'broken')])).toEqual(['delete s-2']);
  expect(shown(set, [pod(0, 'ready', 'old'), pod(1, 'ready', 'old'), pod(2, 'unready')])).toEqual([]);
});

test('a parallel set counts those below only when it says how many may be unavailable', () => {
  const members = [pod(0, 'unready', 'old'), pod(1, 'ready', 'old'), pod(2, 'ready', 'old')];
  expect(shown(setOf({ podManagementPolicy: 'Parallel' }), members)).toEqual(['delete s-2']);
  const two = setOf({ podManagementPolicy: 'Parallel', ...rolling({ partition: 0, maxUnavailable: 2 }) });
  expect(shown(two, members)).toEqual(['delete s-2', 'delete s-0']);
});

test('a pod below the partition comes back at the revision that it had', () => {
  const set = setOf(rolling({ partition: 1 }));
  const [first] = plan(set, []).steps;
  expect(first?.do === 'create' && revisionOf(first.pod)).toBe('old');
  const [second] = plan(set, [pod(0, 'ready', 'old')]).steps;
  expect(second?.do === 'create' && revisionOf(second.pod)).toBe('new');
});

test('an update that is complete makes its revision the current one', () => {
  const all = [0, 1, 2].map((i) => pod(i));
  expect(plan(setOf(), all).status).toMatchObject({ currentRevision: 'new', currentReplicas: 3, updatedReplicas: 3, readyReplicas: 3 });
  expect(plan({ ...setOf(), status: plan(setOf(), all).status }, all).status).toBeUndefined();
});

test('a member has its name, its labels, its host name and the volumes of its claims', () => {
  const claims = [{ metadata: { name: 'data', labels: { tier: 'x' } }, spec: { accessModes: ['ReadWriteOnce'] } }];
  const volumes = [
    { name: 'data', emptyDir: {} },
    { name: 'tmp', emptyDir: {} },
  ];
  const update = { name: 'new', template: { ...template, spec: { ...template.spec, volumes } } };
  const [step] = plan(setOf({ volumeClaimTemplates: claims }), [], { update }).steps;
  if (step?.do !== 'create') throw new Error('nothing is created');
  expect(step.pod).toMatchObject({
    metadata: {
      name: 's-0',
      labels: {
        app: 'a',
        'apps.kubernetes.io/pod-index': '0',
        'statefulset.kubernetes.io/pod-name': 's-0',
        'controller-revision-hash': 'new',
      },
      ownerReferences: [{ kind: 'StatefulSet', name: 's', uid: 'set', controller: true }],
    },
    spec: {
      hostname: 's-0',
      subdomain: 'svc',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-s-0' } }, { name: 'tmp' }],
    },
  });
  expect(step.claims).toMatchObject([
    { metadata: { name: 'data-s-0', namespace: 'n', labels: { tier: 'x', app: 'a' } }, spec: claims[0]?.spec },
  ]);
  expect(step.claims[0]?.metadata?.ownerReferences).toBeUndefined();
});

test('a pod waits for a claim that goes with its predecessor', () => {
  const set = setOf({ volumeClaimTemplates: [{ metadata: { name: 'data' } }] });
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 's-0', uid: 'earlier', controller: true };
  expect(shown(set, [], { claim: () => ({ metadata: { name: 'data-s-0', ownerReferences: [owner] } }) })).toEqual([]);
  expect(shown(set, [], { claim: () => ({ metadata: { name: 'data-s-0', deletionTimestamp: rfc3339(NOW) } }) })).toEqual(['wait s-0']);
});

test.each([
  ['Retain', 'Retain', [], []],
  ['Delete', 'Retain', ['set'], ['set']],
  ['Retain', 'Delete', [], ['uid-0']],
  ['Delete', 'Delete', ['set'], ['uid-0']],
])('whenDeleted %s and whenScaled %s: a claim belongs to %j, above the size to %j', (whenDeleted, whenScaled, kept, condemned) => {
  const set = setOf({ persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } });
  const stranger = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'c' };
  const start: PersistentVolumeClaim = { metadata: { name: 'data-s-0', ownerReferences: [stranger] } };
  let claim = start;
  for (const [isCondemned, uids] of [
    [false, kept],
    [true, condemned],
    [false, kept],
  ] as const) {
    claim = withClaimOwners(set, pod(0), claim, isCondemned) ?? claim;
    expect(claim.metadata?.ownerReferences?.map((o) => o.uid)).toEqual(['c', ...uids]);
    expect(withClaimOwners(set, pod(0), claim, isCondemned)).toBeUndefined();
  }
});

test('claims of an earlier set of the same name, or of another controller, are left alone', () => {
  const set = setOf({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } });
  const earlier = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 's', uid: 'earlier', controller: true };
  const other = { apiVersion: 'x/v1', kind: 'Other', name: 'o', uid: 'o', controller: true };
  for (const owner of [earlier, other]) {
    expect(withClaimOwners(set, pod(0), { metadata: { ownerReferences: [owner] } }, false)).toBeUndefined();
  }
});

test('names that the set does not give have no ordinal', () => {
  const named = (name: string) => ordinalOf(setOf(), { metadata: { name } });
  expect([named('s-7'), named('s-07'), named('s-'), named('t-1'), named('s-x-1')]).toEqual([7, undefined, undefined, undefined, undefined]);
});

interface World {
  readonly set: StatefulSet;
  readonly pods: Map<string, Pod>;
}
/** One run of the plan, of which some steps fail, and one round of the kubelet, which some pods do not survive. */
function turn(world: World, luck: () => boolean, hasFaults: boolean): void {
  const { set, pods } = world;
  const before = [...pods.values()];
  const isOrdered = set.spec?.podManagementPolicy === 'OrderedReady';
  const { steps } = plan(set, before);
  if (isOrdered) expect(steps.filter((s) => s.do === 'create').length).toBeLessThanOrEqual(1);
  for (const step of steps) {
    const name = step.pod.metadata?.name ?? '';
    if (step.do === 'create') {
      expect(pods.has(name)).toBe(false);
      const ordinal = ordinalOf(set, step.pod) ?? 0;
      const lower = before.filter(
        (p) => (ordinalOf(set, p) ?? 0) < ordinal && (ordinalOf(set, p) ?? 0) >= (set.spec?.ordinals?.start ?? 0),
      );
      if (isOrdered) expect(lower.every((p) => p.status?.conditions?.[0]?.status === 'True' && !p.metadata?.deletionTimestamp)).toBe(true);
    }
    if (hasFaults && luck()) break;
    if (step.do === 'create') pods.set(name, pod(ordinalOf(set, step.pod) ?? 0, 'pending', revisionOf(step.pod)));
    if (step.do === 'delete') pods.set(name, pod(ordinalOf(set, step.pod) ?? 0, 'going', revisionOf(step.pod)));
  }
  for (const [name, p] of [...pods]) {
    if (hasFaults && luck()) continue;
    const ordinal = ordinalOf(set, p) ?? 0;
    if (p.metadata?.deletionTimestamp) pods.delete(name);
    else if (hasFaults && luck() && luck()) pods.set(name, pod(ordinal, 'failed', revisionOf(p)));
    else if (p.status?.phase !== 'Failed') pods.set(name, pod(ordinal, 'ready', revisionOf(p)));
  }
}

test('whatever fails on the way, a set ends with one pod an ordinal, updated down to the partition', () => {
  const spec = fc.record({
    replicas: fc.nat(6),
    ordinals: fc.record({ start: fc.nat(3) }),
    podManagementPolicy: fc.constantFrom('OrderedReady', 'Parallel'),
    updateStrategy: fc.record({
      type: fc.constant('RollingUpdate'),
      rollingUpdate: fc.record({
        partition: fc.nat(4),
        maxUnavailable: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant('40%'), fc.constant(undefined)),
      }),
    }),
  });
  fc.assert(
    fc.property(spec, fc.uniqueArray(fc.nat(9)), fc.infiniteStream(fc.boolean()), (given, start, stream) => {
      const luck = () => stream.next().value === true;
      const world: World = { set: setOf(given), pods: new Map(start.map((i) => [`s-${i}`, pod(i, luck() ? 'ready' : 'unready', 'old')])) };
      for (let round = 0; round < 15; round += 1) turn(world, luck, true);
      for (let round = 0; round < 80; round += 1) turn(world, luck, false);
      const first = given.ordinals.start;
      const names = Array.from({ length: given.replicas }, (_, i) => `s-${first + i}`);
      expect([...world.pods.keys()].sort()).toEqual(names.sort());
      for (const p of world.pods.values()) {
        if ((ordinalOf(world.set, p) ?? 0) >= first + given.updateStrategy.rollingUpdate.partition) expect(revisionOf(p)).toBe('new');
        else expect(revisionOf(p)).toBe('old');
      }
    }),
    { numRuns: 100 },
  );
});
