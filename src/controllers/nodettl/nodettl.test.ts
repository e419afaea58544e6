import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodes } from '../../api/index.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { nextStep, secondsOf } from './node-ttl-plan.ts';
import { nodeTtl } from './nodettl.ts';

test('the step fits the number of nodes, and a node more or less does not change it back', () => {
  expect([0, 100, 101, 500, 501, 5_000].map((nodes) => secondsOf(nextStep(0, nodes)))).toEqual([0, 0, 15, 15, 30, 300]);
  expect([101, 99, 90, 89].map((nodes) => secondsOf(nextStep(1, nodes)))).toEqual([15, 15, 15, 0]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), fc.nat(6_000), (before, nodes) => {
      const step = nextStep(before, nodes);
      expect(nextStep(step, nodes)).toBe(step);
    }),
  );
});

test('nodes carry it as an annotation, all of them when the cluster outgrows a step', async () => {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const stop = new AbortController();
  const ttls = () => new Set(cluster.all(nodes).map((n) => n.metadata?.annotations?.['node.alpha.kubernetes.io/ttl']));
  for (let i = 0; i < 100; i += 1) cluster.seed(nodes, { metadata: { name: `n${i}` } });
  startControllers([nodeTtl()], { client: cluster.client, clock, signal: stop.signal });
  await clock.advance(1_000);
  expect(ttls()).toEqual(new Set(['0']));
  cluster.seed(nodes, { metadata: { name: 'one-more' } });
  await clock.advance(1_000);
  expect(ttls()).toEqual(new Set(['15']));
  const writes = cluster.writes.length;
  await clock.advance(60_000);
  expect(cluster.writes.length).toBe(writes);
  stop.abort();
});
