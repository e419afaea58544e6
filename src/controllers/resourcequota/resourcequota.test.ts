import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps, pods, registry, resourceQuotas } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Pod, ResourceQuota } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { resourceQuota } from './resourcequota.ts';
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

describe('the usage of a quota', () => {
  const used = (of: ResourceQuota, objects: Record<string, KubeObject[]>) =>
    planUsage(of, (resource) => objects[resource] ?? [], NOW).status.used;

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
    expect(planUsage(quota({ pods: '9' }), () => [pod('a', '1', { metadata })], NOW).fadesAtMs).toBe(NOW + 40_000);
  });

  it('is up to date however its amounts are written', () => {
    const { status } = planUsage(quota({ cpu: '2' }), () => [pod('a', '1')], NOW);
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

describe('the resourcequota controller', () => {
  let stop: AbortController;
  beforeEach(() => {
    stop = new AbortController();
  });
  afterEach(() => stop.abort());

  it('follows what comes and goes, corrects what others write, and is quiet when nothing happens', async () => {
    const clock = fakeClock();
    const cluster = fakeCluster({ clock });
    const { client } = cluster;
    const { signal } = stop;
    const controllers = [resourceQuota({ resources: registry.all })];
    startControllers(controllers, { client, clock, signal });
    const options = { namespace: 'n', signal };
    const status = async () => {
      await clock.advance(500);
      return cluster.find(resourceQuotas, 'n/q')?.status;
    };

    await client.create(resourceQuotas, quota({ pods: '5', 'requests.cpu': '4', configmaps: '3' }), options);
    expect(await status()).toEqual({
      hard: { pods: '5', 'requests.cpu': '4', configmaps: '3' },
      used: { pods: '0', 'requests.cpu': '0', configmaps: '0' },
    });
    for (const name of ['a', 'b']) await client.create(pods, pod(name, '500m'), options);
    await client.create(configMaps, { metadata: { name: 'm', namespace: 'n' } }, options);
    await client.create(configMaps, { metadata: { name: 'm', namespace: 'other' } }, { namespace: 'other', signal });
    expect((await status())?.used).toEqual({ pods: '2', 'requests.cpu': '1', configmaps: '1' });

    await client.delete(pods, 'a', { ...options, delete: { gracePeriodSeconds: 0 } });
    expect((await status())?.used).toMatchObject({ pods: '1', 'requests.cpu': '500m' });
    await client.patch(resourceQuotas, 'q', 'merge', { status: { hard: { pods: '99' } } }, { ...options, subresource: 'status' });
    expect((await status())?.hard?.pods).toBe('5');
    await client.patch(resourceQuotas, 'q', 'merge', { spec: { hard: { configmaps: null } } }, options);
    expect(await status()).toEqual({ hard: { pods: '5', 'requests.cpu': '4' }, used: { pods: '1', 'requests.cpu': '500m' } });

    const before = cluster.find(resourceQuotas, 'n/q')?.metadata?.resourceVersion;
    await clock.advance(60_000);
    expect(cluster.find(resourceQuotas, 'n/q')?.metadata?.resourceVersion).toBe(before);
  });
});
