import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { events, pods } from '../../api/index.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceSlices } from '../../api/resource/resource-slice.ts';
import type { DeviceTaint, DeviceToleration, Pod, ResourceSlice, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { fakeApi } from '../../server/fake-api.ts';
import { deviceTaintEviction } from './device-taint-eviction.ts';
import { evictionTime } from './device-taints-plan.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const ADDED = Date.parse('2026-01-01T00:00:00Z');
const taint = (key: string, more: Partial<DeviceTaint> = {}): DeviceTaint => ({
  key,
  effect: 'NoExecute',
  timeAdded: rfc3339(ADDED),
  ...more,
});
const tolerates = (key: string, tolerationSeconds?: number, effect: string | undefined = 'NoExecute'): DeviceToleration => ({
  key,
  operator: 'Exists',
  effect,
  tolerationSeconds,
});
const pod = (name: string, claim: string): Pod => ({
  metadata: { name, namespace: 'n', uid: `uid-${name}` },
  spec: { nodeName: 'a', containers: [], resourceClaims: [{ name: 'gpu', resourceClaimName: claim }] },
  status: { phase: 'Running' },
});
const claim = (name: string, device: string, users: readonly string[], tolerations?: DeviceToleration[]): ResourceV1ResourceClaim => ({
  metadata: { name, namespace: 'n' },
  spec: {},
  status: {
    allocation: { devices: { results: [{ request: 'r', driver: 'd', pool: 'p', device, ...(tolerations && { tolerations }) }] } },
    reservedFor: users.map((user) => ({ resource: 'pods', name: user, uid: `uid-${user}` })),
  },
});
const slice = (name: string, devices: Record<string, DeviceTaint[]>, generation = 1): ResourceSlice => ({
  metadata: { name },
  spec: {
    driver: 'd',
    pool: { name: 'p', generation, resourceSliceCount: 1 },
    allNodes: true,
    devices: Object.entries(devices).map(([device, taints]) => ({ name: device, taints })),
  },
});

/** How many seconds after the taints were added the pod has to go. */
function goesAfter(given: {
  taints: DeviceTaint[];
  tolerations?: DeviceToleration[];
  slices?: ResourceSlice[];
  pod?: Pod;
  users?: string[];
}) {
  const used = claim('c', 'x', given.users ?? ['p'], given.tolerations);
  const slices = given.slices ?? [slice('s', { x: given.taints, y: [] })];
  const time = evictionTime(given.pod ?? pod('p', 'c'), { claim: (key) => (key === 'n/c' ? used : undefined), slices: () => slices });
  return time === undefined ? undefined : (time - ADDED) / 1000;
}

describe('the time at which a pod has to go', () => {
  it.each<[string, Parameters<typeof goesAfter>[0], number | undefined]>([
    ['none without taints', { taints: [] }, undefined],
    ['none with taints that keep new pods away', { taints: [taint('k', { effect: 'NoSchedule' })] }, undefined],
    ['at once with a taint that is not tolerated', { taints: [taint('k')] }, 0],
    ['never with one that is', { taints: [taint('k')], tolerations: [tolerates('k')] }, undefined],
    ['at once when another one is', { taints: [taint('k')], tolerations: [tolerates('l')] }, 0],
    ['after a time', { taints: [taint('k')], tolerations: [tolerates('k', 60)] }, 60],
    ['after the shortest time', { taints: [taint('k')], tolerations: [tolerates('k', 60), tolerates('k', 5)] }, 5],
    ['never when one toleration has no end', { taints: [taint('k')], tolerations: [tolerates('k', 60), tolerates('k')] }, undefined],
    ['at once after a negative time', { taints: [taint('k')], tolerations: [tolerates('k', -9)] }, 0],
    ['with the first of its taints', { taints: [taint('k'), taint('l')], tolerations: [tolerates('k', 9), tolerates('l', 7)] }, 7],
    [
      'counted from when each was added',
      {
        taints: [taint('k'), taint('l', { timeAdded: rfc3339(ADDED + 10_000) })],
        tolerations: [tolerates('k', 30), tolerates('l', 5)],
      },
      15,
    ],
    [
      'never with a toleration of all effects, whose time means nothing',
      { taints: [taint('k')], tolerations: [tolerates('k', 60, '')] },
      undefined,
    ],
    ['at once with the wrong value', { taints: [taint('k', { value: 'v' })], tolerations: [{ key: 'k', value: 'w' }] }, 0],
    [
      'never before it has a node',
      { taints: [taint('k')], pod: { ...pod('p', 'c'), spec: { ...pod('p', 'c').spec, containers: [], nodeName: '' } } },
      undefined,
    ],
    ['never when its claim is reserved for others', { taints: [taint('k')], users: ['q'] }, undefined],
    ['never when its claim is another one', { taints: [taint('k')], pod: pod('p', 'other') }, undefined],
    [
      'by the latest generation of the pool alone',
      { taints: [], slices: [slice('old', { x: [taint('k')] }), slice('new', { x: [] }, 2)] },
      undefined,
    ],
    [
      'never when a claim of the name was made for another pod',
      {
        taints: [taint('k')],
        pod: {
          ...pod('p', 'c'),
          spec: { nodeName: 'a', containers: [], resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] },
          status: { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'c' }] },
        },
      },
      undefined,
    ],
  ])('is %s', (_, given, seconds) => {
    expect(goesAfter(given)).toBe(seconds);
  });

  it('never comes later with another taint, nor earlier with another toleration for ever', () => {
    const keys = fc.constantFrom('k', 'l', 'm');
    const taints = fc.array(fc.tuple(keys, fc.nat(100)).map(([key, at]) => taint(key, { timeAdded: rfc3339(ADDED + at * 1000) })));
    const tolerations = fc.array(fc.tuple(keys, fc.option(fc.nat(500), { nil: undefined })).map(([key, s]) => tolerates(key, s)));
    const goes = (given: Parameters<typeof goesAfter>[0]) => goesAfter(given) ?? Number.POSITIVE_INFINITY;
    fc.assert(
      fc.property(taints, tolerations, keys, (there, tolerated, key) => {
        const before = goes({ taints: there, tolerations: tolerated });
        expect(goes({ taints: [...there, taint(key)], tolerations: tolerated })).toBeLessThanOrEqual(before);
        expect(goes({ taints: there, tolerations: [...tolerated, tolerates(key)] })).toBeGreaterThanOrEqual(before);
      }),
    );
  });
});

function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const there = () => cluster.all(pods).flatMap((p) => (p.metadata?.deletionTimestamp ? [] : [p.metadata?.name]));
  const messages = () => cluster.all(events).map((e) => `${e.source?.component} ${e.reason} ${e.involvedObject.name}: ${e.message}`);
  const put = (object: ResourceSlice) => cluster.client.update(resourceSlices, object, { signal: stop.signal });
  const now = () => rfc3339(clock.now());
  startControllers([deviceTaintEviction()], { client: cluster.client, clock, signal: stop.signal });
  return { clock, cluster, there, messages, put, now };
}

describe('a device that is tainted while pods use it', () => {
  it('loses those that do not tolerate it, says why on them, and then writes nothing more', async () => {
    const { clock, cluster, there, messages, put, now } = start();
    cluster.seed(resourceSlices, slice('s', { x: [], y: [] }));
    for (const [name, device, tolerations] of [
      ['none', 'x', undefined],
      ['some', 'x', [tolerates('k', 60)]],
      ['ever', 'x', [tolerates('k')]],
      ['elsewhere', 'y', undefined],
    ] as const) {
      cluster.seed(resourceClaims, claim(name, device, [name], tolerations ? [...tolerations] : undefined));
      cluster.seed(pods, pod(name, name));
    }
    await clock.advance(1_000);
    expect(there()).toHaveLength(4);
    await put(slice('s', { x: [taint('k', { timeAdded: now() })], y: [] }));
    await clock.advance(1_000);
    expect(there()).toEqual(['some', 'ever', 'elsewhere']);
    expect(cluster.find(pods, 'n/none')?.status?.conditions).toMatchObject([
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByDeviceTaintManager',
        message: 'Device Taint manager: deleting due to NoExecute taint',
      },
    ]);
    await clock.advance(60_000);
    expect(there()).toEqual(['ever', 'elsewhere']);
    expect(messages()).toEqual([
      'device-taint-eviction-controller DeviceTaintManagerEviction none: Marking for deletion',
      'device-taint-eviction-controller DeviceTaintManagerEviction some: Marking for deletion',
    ]);
    const writes = cluster.writes.length;
    await clock.advance(600_000);
    expect(cluster.writes.length).toBe(writes);
  });

  it('keeps those whose time had not come when the taint went, and says so', async () => {
    const { clock, cluster, there, messages, put, now } = start();
    cluster.seed(resourceSlices, slice('s', { x: [] }));
    cluster.seed(resourceClaims, claim('c', 'x', ['p'], [tolerates('k', 60)]));
    cluster.seed(pods, pod('p', 'c'));
    await put(slice('s', { x: [taint('k', { timeAdded: now() })] }));
    await clock.advance(30_000);
    await put(slice('s', { x: [] }));
    await clock.advance(300_000);
    expect(there()).toEqual(['p']);
    expect(messages()).toEqual(['device-taint-eviction-controller DeviceTaintManagerEviction p: Cancelling deletion']);
  });

  it('loses one that gets its claim only then', async () => {
    const { clock, cluster, there } = start();
    cluster.seed(resourceSlices, slice('s', { x: [taint('k')] }));
    cluster.seed(pods, pod('p', 'c'));
    await clock.advance(1_000);
    expect(there()).toEqual(['p']);
    cluster.seed(resourceClaims, claim('c', 'x', ['p']));
    await clock.advance(1_000);
    expect(there()).toEqual([]);
  });
});

it('taints get the time at which they were first written, unless their driver says one', async () => {
  const api = await fakeApi();
  const body = slice('s', { x: [taint('k', { timeAdded: undefined }), taint('l', { timeAdded: '2025-12-31T00:00:00Z' })] });
  const made = await api.call<ResourceSlice>('create', 'resourceslices.resource.k8s.io', { body });
  const times = (of: ResourceSlice) => of.spec.devices?.[0]?.taints?.map(({ timeAdded }) => timeAdded);
  expect(times(made)).toEqual(['2026-01-01T00:00:00Z', '2025-12-31T00:00:00Z']);
  await api.clock.advance(5_000);
  expect(times(await api.call<ResourceSlice>('update', 'resourceslices.resource.k8s.io', { name: 's', body: made }))).toEqual(times(made));
});
