import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { QuotaView } from '../../api/quota/quota.ts';
import type { Pod, ResourceQuota, Service } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { isUpToDate, planUsage } from './usage-plan.ts';

const NOW = Date.UTC(2026, 0, 1);
const quota = (hard: Record<string, string>, more: object = {}): ResourceQuota => ({
  metadata: { name: 'q', namespace: 'n' },
  spec: { hard, ...more },
});
const pod = (name: string, cpu: string, more: object = {}): Pod =>
  ({
    metadata: { name, namespace: 'n' },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu } } }] },
    ...more,
  }) as Pod;

const view = (objects: Readonly<Record<string, readonly KubeObject[]>>): QuotaView => ({
  get: () => undefined,
  list: <T extends KubeObject>(resource: string) => (objects[resource] ?? []) as readonly T[],
});

describe('the usage of a quota', () => {
  const used = (of: ResourceQuota, objects: Record<string, KubeObject[]>) => planUsage(of, view(objects), NOW).status.used;

  it('is the sum of all that it counts, zero of what there is none, and nothing of what nobody counts', () => {
    const of = quota({ pods: '9', 'requests.cpu': '9', configmaps: '9', 'count/jobs.batch': '9', nonsense: '9' });
    expect(used(of, { pods: [pod('a', '250m'), pod('b', '1')], configmaps: [{}, {}, {}] })).toEqual({
      pods: '2',
      'requests.cpu': '1250m',
      configmaps: '3',
      'count/jobs.batch': '0',
    });
  });

  it('leaves out what is not in its scope', () => {
    const of = quota({ pods: '9' }, { scopes: ['Terminating'] });
    expect(used(of, { pods: [pod('a', '1'), pod('b', '1', { spec: { containers: [], activeDeadlineSeconds: 9 } })] })).toEqual({
      pods: '1',
    });
  });

  it('changes by itself when a pod should be gone', () => {
    const metadata = { name: 'a', deletionTimestamp: '2026-01-01T00:00:10Z', deletionGracePeriodSeconds: 30 };
    expect(planUsage(quota({ pods: '9' }), view({ pods: [pod('a', '1', { metadata })] }), NOW).fadesAtMs).toBe(NOW + 40_000);
  });

  it('is up to date however its amounts are written', () => {
    const { status } = planUsage(quota({ cpu: '2' }), view({ pods: [pod('a', '1')] }), NOW);
    expect(isUpToDate({ status: { hard: { cpu: '2000m' }, used: { cpu: '1000m' } } }, status)).toBe(true);
    for (const stale of [
      undefined,
      {},
      { hard: { cpu: '2' } },
      { hard: { cpu: '3' }, used: { cpu: '1' } },
      { hard: { cpu: '2' }, used: { cpu: 'x' } },
    ]) {
      expect(isUpToDate({ status: stale }, status)).toBe(false);
    }
  });
});

describe('whatever there is', () => {
  interface PodSketch {
    readonly milliCpu: number;
    readonly memoryMi: number;
    readonly phase: string;
    /** Seconds from NOW to the end of its grace period; undefined: it is not being deleted. */
    readonly endsInSeconds: number | undefined;
  }
  const sketch: fc.Arbitrary<PodSketch> = fc.record({
    milliCpu: fc.nat(4_000),
    memoryMi: fc.nat(4_096),
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed'),
    endsInSeconds: fc.option(fc.integer({ min: -60, max: 60 }), { nil: undefined }),
  });
  const sketches = fc.array(sketch, { maxLength: 8 });
  const GRACE_SECONDS = 30;
  const podOf = ({ milliCpu, memoryMi, phase, endsInSeconds }: PodSketch, i: number): Pod => ({
    metadata: {
      name: `p${i}`,
      namespace: 'n',
      ...(endsInSeconds !== undefined && {
        deletionTimestamp: rfc3339(NOW + (endsInSeconds - GRACE_SECONDS) * 1000),
        deletionGracePeriodSeconds: GRACE_SECONDS,
      }),
    },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: `${milliCpu}m`, memory: `${memoryMi}Mi` } } }] },
    status: { phase },
  });
  const services = fc.array(fc.record({ type: fc.constantFrom('ClusterIP', 'NodePort'), ports: fc.integer({ min: 1, max: 3 }) }));
  const serviceOf = ({ type, ports }: { type: string; ports: number }): Service => ({
    spec: { type, ports: Array.from({ length: ports }, (_, i) => ({ port: i + 1 })) },
  });
  const isLive = ({ phase, endsInSeconds }: PodSketch) =>
    phase !== 'Succeeded' && phase !== 'Failed' && (endsInSeconds === undefined || endsInSeconds >= 0);
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

  const HARD = { pods: '9', 'count/pods': '9', 'requests.cpu': '9', 'requests.memory': '9Gi', 'services.nodeports': '9' };
  const everything = quota(HARD);
  const planOf = (of: ResourceQuota, objects: Readonly<Record<string, readonly KubeObject[]>>, atMs = NOW) =>
    planUsage(of, view(objects), atMs);

  test('what is used is the sum over what is alive, in any order, and the status that says so is not written twice', () => {
    fc.assert(
      fc.property(sketches, services, fc.nat(7), (list, serviceList, turn) => {
        const objects = { pods: list.map(podOf), services: serviceList.map(serviceOf) };
        const { status } = planOf(everything, objects);
        const live = list.filter(isLive);
        const used = {
          pods: `${live.length}`,
          'count/pods': `${list.length}`,
          'requests.cpu': `${sum(live.map(({ milliCpu }) => milliCpu))}m`,
          'requests.memory': `${sum(live.map(({ memoryMi }) => memoryMi))}Mi`,
          'services.nodeports': `${sum(serviceList.filter(({ type }) => type === 'NodePort').map(({ ports }) => ports))}`,
        };
        expect(isUpToDate({ status: { hard: HARD, used } }, status)).toBe(true);
        const turned = {
          pods: [...objects.pods.slice(turn), ...objects.pods.slice(0, turn)].reverse(),
          services: objects.services.reverse(),
        };
        const written = { ...everything, status };
        expect(isUpToDate(written, planOf(written, turned).status)).toBe(true);
      }),
    );
  });

  test('what is limited besides changes nothing of what is used of the rest', () => {
    fc.assert(
      fc.property(sketches, fc.subarray(Object.entries(HARD)), (list, some) => {
        const objects = { pods: list.map(podOf) };
        const of = quota(Object.fromEntries(some));
        const whole = planOf(everything, objects).status.used;
        const wanted = { hard: of.spec?.hard, used: Object.fromEntries(some.map(([name]) => [name, whole?.[name] ?? ''])) };
        expect(planOf(of, objects).status).toEqual(wanted);
      }),
    );
  });

  test('until the moment that is named nothing is used less, and a millisecond after it a pod is', () => {
    const running = fc.array(
      sketch.map((one) => ({ ...one, phase: 'Running' })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(running, fc.nat(120_000), (list, laterMs) => {
        const objects = { pods: list.map(podOf) };
        const { status, fadesAtMs } = planOf(everything, objects);
        const at = (ms: number) => planOf(everything, objects, ms).status;
        expect(at(Math.min(NOW + laterMs, fadesAtMs ?? Number.POSITIVE_INFINITY))).toEqual(status);
        if (fadesAtMs !== undefined) expect(Number(at(fadesAtMs + 1).used?.pods)).toBeLessThan(Number(status.used?.pods));
      }),
    );
  });
});
