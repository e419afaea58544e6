import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { registry as definitions } from '../../api/index.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import { type Store, StoreError } from '../../store/store.ts';
import { nextEvents } from '../../store/watch-cache/next-events.ts';
import { createWatchCache } from '../../store/watch-cache/watch-cache.ts';
import { openResources } from '../registry/resources.ts';
import { observeStorage, observeStorageSize } from './storage-metrics.ts';

it('shows what the store takes on disk, where it has a file', async () => {
  const [known, unknown] = [new Registry(), new Registry()];
  observeStorageSize(known, async () => 4096);
  observeStorageSize(unknown, async () => undefined);
  expect(await known.metrics()).toContain('apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 4096');
  expect(await unknown.metrics()).not.toContain('storage_cluster_id');
});

/** A store whose writes take 30 ms, and which breaks down on the key `broken`. */
function slowStore(clock: ReturnType<typeof fakeClock>): Store {
  const store = memoryStore();
  const put = store.put.bind(store);
  return Object.assign(store, {
    async put(...[key, value, options]: Parameters<Store['put']>) {
      await clock.advance(30);
      if (key.endsWith('/broken')) throw new StoreError('Unavailable', 'the disk is gone');
      return put(key, value, options);
    },
  });
}

it('shows the calls, events and objects of each resource under upstream’s names', async () => {
  const clock = fakeClock();
  const cache = createWatchCache(slowStore(clock), { clock, log: silentLogger, queueLimit: 1 });
  const resources = await openResources(definitions, cache);
  const shown = new Registry();
  observeStorage(shown, resources);
  const deployments = resources.byId('deployments.apps');
  const key = (name: string) => `${deployments?.prefix}default/${name}`;
  const web = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' } };
  const slow = deployments?.collection.watch({ fromRevision: deployments.collection.revision });
  const created = await deployments?.collection.put(key('web'), web, { expected: 0 });
  await deployments?.collection.put(
    key('web'),
    { ...web, metadata: { name: 'web', namespace: 'default', labels: { a: 'b' } } },
    { expected: created?.revision ?? 0 },
  );
  await expect(deployments?.collection.put(key('web'), web, { expected: 0 })).rejects.toThrow();
  await expect(deployments?.collection.put(key('broken'), web, { expected: 0 })).rejects.toThrow('the disk is gone');
  await expect(slow && nextEvents(slow)).rejects.toThrow('behind');

  const text = await shown.metrics();
  const at = 'group="apps",resource="deployments"';
  for (const line of [
    `etcd_request_duration_seconds_bucket{operation="create",${at},le="0.025"} 0`,
    `etcd_request_duration_seconds_bucket{operation="create",${at},le="0.05"} 3`,
    `etcd_request_duration_seconds_count{operation="update",${at}} 1`,
    `etcd_requests_total{operation="create",${at}} 3`,
    `etcd_request_errors_total{operation="create",${at}} 1`,
    `apiserver_storage_events_received_total{${at}} 2`,
    `apiserver_watch_cache_events_dispatched_total{${at}} 2`,
    `apiserver_watch_cache_initializations_total{${at}} 1`,
    `apiserver_watch_cache_resource_version{${at}} ${cache.revision}`,
    `apiserver_terminated_watchers_total{${at}} 1`,
    `apiserver_resource_objects{${at}} 1`,
    'apiserver_storage_objects{resource="deployments.apps"} 1',
    'apiserver_storage_objects{resource="pods"} 0',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text, 'a conflict is an answer').not.toContain('etcd_request_errors_total{operation="update"');
});
