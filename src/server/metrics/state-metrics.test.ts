import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { observeStorageSize } from './state-metrics.ts';

it('shows what the store takes on disk, where it has a file', async () => {
  const [known, unknown] = [new Registry(), new Registry()];
  observeStorageSize(known, async () => 4096);
  observeStorageSize(unknown, async () => undefined);
  expect(await known.metrics()).toContain('apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 4096');
  expect(await unknown.metrics()).not.toContain('storage_cluster_id');
});
