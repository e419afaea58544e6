import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { rankForDeletion } from '../lib/pod-ranking-plan.ts';
import { slowStart } from '../lib/slow-start-plan.ts';
import { planReplicas, planStatus } from './replicas-plan.ts';

const NOW = Date.UTC(2026, 0, 2);

interface Traits {
  name?: string;
  node?: string;
  phase?: string;
  readyForS?: number;
  ageS?: number;
  restarts?: number;
  cost?: string;
  deleting?: boolean;
}
function pod({ name = 'p', node = 'n1', phase = 'Running', readyForS, ageS = 1000, restarts = 0, cost, deleting }: Traits): Pod {
  const at = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: at(ageS),
      ...(deleting && { deletionTimestamp: at(1) }),
      ...(cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase,
      ...(readyForS !== undefined && { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(readyForS) }] }),
      containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: restarts }],
    },
  };
}
const owner = (replicas: number, minReadySeconds = 0) => ({ metadata: { name: 'r', generation: 1 }, spec: { replicas, minReadySeconds } });
const first = (pods: Pod[], crowd = new Map<string, number>()) => rankForDeletion(pods, crowd, NOW)[0]?.metadata?.name;

test('the pods that matter least go first', () => {
  const ready = pod({ name: 'ready', readyForS: 500 });
  expect(first([ready, pod({ name: 'unassigned', node: '', phase: 'Pending' })])).toBe('unassigned');
  expect(first([ready, pod({ name: 'pending', phase: 'Pending' })])).toBe('pending');
  expect(first([ready, pod({ name: 'unready' })])).toBe('unready');
  expect(first([ready, pod({ name: 'cheap', readyForS: 900, cost: '-5' })])).toBe('cheap');
  expect(
    first(
      [ready, pod({ name: 'crowded', node: 'n2', readyForS: 900 })],
      new Map([
        ['n1', 1],
        ['n2', 3],
      ]),
    ),
  ).toBe('crowded');
  expect(first([ready, pod({ name: 'fresh', readyForS: 5 })])).toBe('fresh');
  expect(first([ready, pod({ name: 'flaky', readyForS: 500, restarts: 4 })])).toBe('flaky');
  expect(first([ready, pod({ name: 'young', readyForS: 500, ageS: 501 })])).toBe('young');
});

const withRestarts = (name: string, regular: number[], sidecar = 0, initOnly = 0): Pod => {
  const status = (of: string, restartCount: number) => ({ name: of, image: '', imageID: '', ready: true, restartCount });
  const base = pod({ name, readyForS: 500 });
  return {
    ...base,
    spec: { containers: [], nodeName: 'n1', initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'once' }] },
    status: {
      ...base.status,
      containerStatuses: regular.map((count, i) => status(`c${i}`, count)),
      initContainerStatuses: [status('side', sidecar), status('once', initOnly)],
    },
  };
};

test('the container that restarted most often counts, then the sidecar that did; other init containers do not', () => {
  expect(first([withRestarts('a', [3, 3, 3]), withRestarts('b', [4])])).toBe('b');
  expect(first([withRestarts('a', [4], 1), withRestarts('b', [4], 2)])).toBe('b');
  expect(first([withRestarts('a', [4], 9), withRestarts('b', [5])])).toBe('b');
  expect(first([withRestarts('a', [1]), withRestarts('b', [1], 0, 7)])).toBe('a');
});

test('of two pods that became ready at different times of about the same age the uid decides, whatever their restarts', () => {
  expect(first([pod({ name: 'b', readyForS: 500, restarts: 9 }), pod({ name: 'a', readyForS: 501 })])).toBe('a');
  expect(first([pod({ name: 'b', readyForS: 500, restarts: 9 }), pod({ name: 'a', readyForS: 500 })])).toBe('b');
});

test('a set with failing creations and dying pods still reaches its size', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), fc.infiniteStream(fc.boolean()), (wanted, start, luck) => {
      let pods = Array.from({ length: start }, (_, i) => pod({ name: `p${i}` }));
      let names = start;
      for (let round = 0; round < 100; round += 1) {
        const plan = planReplicas(owner(wanted), pods, () => pods, NOW);
        pods = pods.filter((p) => !plan.remove.includes(p));
        for (const batch of slowStart(plan.create)) {
          const made = Array.from({ length: batch }, () => luck.next().value).filter(Boolean).length;
          for (let i = 0; i < made; i += 1) pods.push(pod({ name: `p${names++}` }));
          if (made < batch) break;
        }
        if (round < 20 && pods.length > 0 && luck.next().value) pods[0] = pod({ name: `dead${round}`, phase: 'Failed' });
        expect(pods.filter((p) => p.status?.phase !== 'Failed').length).toBeLessThanOrEqual(Math.max(wanted, start));
      }
      expect(pods.filter((p) => p.status?.phase !== 'Failed').length).toBe(wanted);
    }),
    { numRuns: 50 },
  );
});

test('pods that end or go do not count; a set that is being deleted makes none', () => {
  const pods = [pod({ name: 'a' }), pod({ name: 'b', phase: 'Failed' }), pod({ name: 'c', deleting: true })];
  expect(planReplicas(owner(2), pods, () => pods, NOW).create).toBe(1);
  expect(planReplicas({ ...owner(2), metadata: { deletionTimestamp: 'x' } }, pods, () => pods, NOW).create).toBe(0);
  expect(planStatus(owner(2), pods, undefined, NOW).status).toMatchObject({ replicas: 1, terminatingReplicas: 1 });
});

test('a ready pod becomes available after minReadySeconds, and the plan says when', () => {
  const plan = planStatus(owner(2, 30), [pod({ name: 'a', readyForS: 10 }), pod({ name: 'b', readyForS: 31 })], undefined, NOW);
  expect(plan.status).toMatchObject({ readyReplicas: 2, availableReplicas: 1 });
  expect(plan.afterMs).toBe(20_000);
});

test('without minReadySeconds a ready pod is available at once, even if its node has a clock that is ahead', () => {
  const plan = planStatus(owner(1), [pod({ name: 'a', readyForS: -600 })], undefined, NOW);
  expect(plan.status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
  expect(plan.afterMs).toBeUndefined();
});

test('a failure shows as a condition and vanishes with the next success', () => {
  const failure = { reason: 'FailedCreate', message: 'quota' } as const;
  const { status } = planStatus(owner(1), [], failure, NOW);
  expect(status?.conditions?.[0]).toMatchObject({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' });
  expect(planStatus({ ...owner(1), status }, [], failure, NOW + 1000).status).toBeUndefined();
  expect(planStatus({ ...owner(1), status }, [], undefined, NOW).status?.conditions).toBeUndefined();
});

test('a further failure in other words changes nothing: the write would be the next try at once', () => {
  const failed = (message: string) => ({ reason: 'FailedCreate', message }) as const;
  const { status } = planStatus(owner(1), [], failed('pods "web-abcde" is forbidden: exceeded quota'), NOW);
  expect(
    planStatus({ ...owner(1), status }, [], failed('pods "web-fghij" is forbidden: exceeded quota'), NOW + 1000).status,
  ).toBeUndefined();
});

test('pods that a node refuses are made anew at once, then ever later, a minute at most; those that get in are not waited for', () => {
  const refused = (atMs: number): Pod => ({
    metadata: { name: `p${atMs}`, creationTimestamp: new Date(atMs).toISOString() },
    status: { phase: 'Failed', reason: 'OutOfcpu' },
  });
  const owned: Pod[] = [];
  const madeAtS: number[] = [];
  for (let nowMs = NOW; nowMs < NOW + 600_000; ) {
    const plan = planReplicas(owner(3), owned, () => owned, nowMs);
    if (plan.afterMs !== undefined) nowMs += plan.afterMs;
    else {
      madeAtS.push((nowMs - NOW) / 1000);
      for (let i = 0; i < plan.create; i += 1) owned.push(refused(nowMs));
    }
  }
  expect(madeAtS.slice(0, 9)).toEqual([0, 0, 1, 3, 7, 15, 31, 63, 123]);
  expect(madeAtS.length).toBeLessThan(20);
  const oneIsMissing = [pod({ name: 'a' }), pod({ name: 'b' }), refused(NOW)];
  expect(planReplicas(owner(3), oneIsMissing, () => [], NOW)).toEqual({ create: 1, remove: [] });
  const clockSetBack = [refused(NOW), refused(NOW)];
  expect(planReplicas(owner(1), clockSetBack, () => [], NOW - 3_600_000).afterMs).toBe(1000);
  expect(planReplicas(owner(1), clockSetBack, () => [], NOW + 11 * 60_000).create).toBe(1);
});
