import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps, deviceClasses, pods, registry, resourceClaims, resourceQuotas } from '../../api/index.ts';
import type { Pod, ResourceQuota } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { resourceQuota } from './resourcequota.ts';

const quota = (hard: Record<string, string>): ResourceQuota => ({ metadata: { name: 'q', namespace: 'n' }, spec: { hard } });
const pod = (name: string, cpu: string): Pod =>
  ({
    metadata: { name, namespace: 'n' },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu } } }] },
  }) as Pod;

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

  it('counts the devices of claims as the extended resource that their class stands for', async () => {
    const clock = fakeClock();
    const cluster = fakeCluster({ clock });
    const { signal } = stop;
    cluster.seed(deviceClasses, { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'example.com/gpu' } });
    startControllers([resourceQuota({ resources: registry.all })], { client: cluster.client, clock, signal });
    await cluster.client.create(resourceQuotas, quota({ 'requests.example.com/gpu': '4' }), { namespace: 'n', signal });
    const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 } }];
    const claim = { metadata: { name: 'c', namespace: 'n' }, spec: { devices: { requests } } };
    await cluster.client.create(resourceClaims, claim, { namespace: 'n', signal });
    await clock.advance(500);
    expect(cluster.find(resourceQuotas, 'n/q')?.status?.used).toEqual({ 'requests.example.com/gpu': '2' });
  });
});
