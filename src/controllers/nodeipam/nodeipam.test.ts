import { afterEach, beforeEach, expect, it } from 'vitest';
import { events, nodes } from '../../api/index.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { nodeipam } from './nodeipam.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

function start(...ranges: Parameters<typeof nodeipam>[0]['ranges'][number][]) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  startControllers([nodeipam({ ranges })], { client: cluster.client, clock, signal: stop.signal });
  const parts = () => cluster.all(nodes).map(({ spec }) => [spec?.podCIDR, ...(spec?.podCIDRs ?? [])].join(' '));
  return { clock, cluster, parts };
}
const node = (name: string) => ({ metadata: { name } });

it('gives each node a part of both families, the cluster’s own first', async () => {
  const { clock, cluster, parts } = start({ cidr: '10.42.0.0/16', nodeBits: 24 }, { cidr: 'fd00:42::/56', nodeBits: 64 });
  for (const name of ['a', 'b']) cluster.seed(nodes, node(name));
  await clock.advance(1_000);
  expect(parts()).toEqual(['10.42.0.0/24 10.42.0.0/24 fd00:42::/64', '10.42.1.0/24 10.42.1.0/24 fd00:42:0:1::/64']);
});

it('gives none of one family when the other one is used up, and says so', async () => {
  const { clock, cluster, parts } = start({ cidr: '10.42.0.0/16', nodeBits: 24 }, { cidr: 'fd00:42::/64', nodeBits: 64 });
  for (const name of ['a', 'b']) cluster.seed(nodes, node(name));
  await clock.advance(1_000);
  expect(parts()).toEqual(['10.42.0.0/24 10.42.0.0/24 fd00:42::/64', '']);
  expect(cluster.all(events).map(({ reason, involvedObject }) => `${reason} ${involvedObject.name}`)).toEqual(['CIDRNotAvailable b']);
});
