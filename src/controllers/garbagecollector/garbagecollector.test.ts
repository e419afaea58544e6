import { afterEach, beforeEach, expect, it } from 'vitest';
import { configMaps, events, namespaces, registry } from '../../api/index.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { garbageCollector } from './garbagecollector.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const owner = { metadata: { name: 'owner', namespace: 'there', uid: 'owner' } };
const owned = (uid: string) => [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];

function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  startControllers([garbageCollector({ resources: registry.all })], { client: cluster.client, clock, signal: stop.signal });
  const told = () =>
    cluster.all(events).map(({ type, reason, message, involvedObject }) => `${type} ${reason} ${involvedObject.name}: ${message}`);
  cluster.seed(configMaps, owner);
  return { clock, cluster, told };
}

it('an owner in another namespace is none: the object goes, and an event says why', async () => {
  const { clock, cluster, told } = start();
  cluster.seed(configMaps, { metadata: { name: 'a', namespace: 'here', ownerReferences: owned('owner') } });
  await clock.advance(5_000);
  expect(cluster.all(configMaps).map(({ metadata }) => metadata?.name)).toEqual(['owner']);
  expect(told()).toEqual([
    'Warning OwnerRefInvalidNamespace a: ownerRef [v1/ConfigMap, namespace: here, name: owner, uid: owner] does not exist in namespace "here"',
  ]);
});

it('an owner that is nowhere is nothing to tell of', async () => {
  const { clock, cluster, told } = start();
  cluster.seed(configMaps, { metadata: { name: 'a', namespace: 'here', ownerReferences: owned('gone') } });
  await clock.advance(5_000);
  expect(cluster.all(configMaps).map(({ metadata }) => metadata?.name)).toEqual(['owner']);
  expect(told()).toEqual([]);
});

it('what belongs to no namespace cannot be owned from one, and stays', async () => {
  const { clock, cluster, told } = start();
  cluster.seed(namespaces, { metadata: { name: 'wide', ownerReferences: owned('owner') } });
  await clock.advance(5_000);
  expect(cluster.find(namespaces, 'wide')).toBeDefined();
  expect(told()).toEqual([
    'Warning OwnerRefInvalidNamespace wide: ownerRef [v1/ConfigMap, namespace: , name: owner, uid: owner] does not exist in namespace ""',
  ]);
});
