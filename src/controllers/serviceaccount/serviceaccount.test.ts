import { expect, test } from 'vitest';
import { namespaces, serviceAccounts } from '../../api/index.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { serviceAccount } from './serviceaccount.ts';

test('the default account comes with the namespace and comes back when it is deleted, until the namespace goes', async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const accounts = () => cluster.all(serviceAccounts).map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
  const remove = (namespace: string) => client.delete(serviceAccounts, 'default', { namespace, signal });
  startControllers([serviceAccount], { client, clock, signal });
  cluster.seed(namespaces, { metadata: { name: 'n' } });
  cluster.seed(serviceAccounts, { metadata: { name: 'robot', namespace: 'n' } });
  await clock.advance(1_000);
  expect(accounts().sort()).toEqual(['n/default', 'n/robot']);
  await remove('n');
  await clock.advance(1_000);
  expect(accounts().sort()).toEqual(['n/default', 'n/robot']);
  cluster.seed(namespaces, { metadata: { name: 'n' }, status: { phase: 'Terminating' } });
  await remove('n');
  await clock.advance(1_000);
  expect(accounts()).toEqual(['n/robot']);
  stop.abort();
});
