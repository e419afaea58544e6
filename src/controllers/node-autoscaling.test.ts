import { afterEach, beforeEach, expect, test } from 'vitest';
import { events, nodes, pods, replicaSets } from '../api/index.ts';
import type { Pod } from '../api/schema/generated/types.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { eventRecorder } from '../client/events.ts';
import { fakeCluster } from '../client/fake-client.ts';
import { startControllers } from '../client/fake-controllers.ts';
import { createInformers } from '../client/informer.ts';
import { fakeNode } from '../scheduler/fake-scheduler.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import { podgc } from './podgc/podgc.ts';
import { replicaSet } from './replicaset/replicaset.ts';
import { taintEviction } from './taint-eviction/taint-eviction.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
/** What a cluster autoscaler puts on a node that it is about to remove. */
const GOING = { key: 'ToBeDeletedByClusterAutoscaler', value: '1767225600', effect: 'NoSchedule' };

/** Scheduler, ReplicaSets and pod garbage collection on nodes of two CPUs; who adds and removes nodes is outside. */
function start(replicas: number) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = stop;
  const informers = createInformers({ client, clock, log: silentLogger, random: () => 0 });
  const recorder = eventRecorder({ client, component: 'default-scheduler', clock, log: silentLogger });
  const scheduler = createScheduler({ client, informers, event: recorder.event, clock, random: () => 0, log: silentLogger });
  for (const part of [informers, recorder, scheduler]) void part.run({ signal, ready() {} });
  startControllers([replicaSet, podgc(), taintEviction()], { client, clock, signal });
  const labels = { app: 'web' };
  const metadata = { labels, annotations: { [SAFE_TO_EVICT]: 'false' } };
  const spec = { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] };
  cluster.seed(nodes, fakeNode('first'));
  cluster.seed(replicaSets, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata, spec } },
  });
  const on = (node: string) => cluster.all(pods).filter((pod) => pod.spec?.nodeName === node);
  const waiting = () => cluster.all(pods).filter((pod) => !pod.spec?.nodeName);
  const scheduled = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const refusals = () => cluster.all(events).filter(({ reason }) => reason === 'FailedScheduling');
  return { clock, cluster, client, on, waiting, scheduled, refusals };
}

test('pods that fit nowhere say so in their condition and in an event, and run once a node comes', async () => {
  const { clock, cluster, on, waiting, scheduled, refusals } = start(3);
  await clock.advance(5_000);
  expect(on('first')).toHaveLength(2);
  const [pending] = waiting();
  expect(pending && scheduled(pending)).toMatchObject({
    status: 'False',
    reason: 'Unschedulable',
    message: expect.stringMatching(/^0\/1 nodes are available: 1 Insufficient cpu\./),
  });
  expect(refusals()).toMatchObject([
    {
      type: 'Warning',
      source: { component: 'default-scheduler' },
      involvedObject: { name: pending?.metadata?.name },
      message: expect.stringMatching(/^0\/1 nodes are available: 1 Insufficient cpu\./),
    },
  ]);
  cluster.seed(nodes, fakeNode('second'));
  await clock.advance(5_000);
  expect([on('second').length, waiting().length]).toEqual([1, 0]);
});

test('a node that an autoscaler is about to remove gets no more pods, and what is left on it starts elsewhere when it has gone', async () => {
  const { clock, cluster, client, on, waiting, scheduled } = start(3);
  cluster.seed(nodes, fakeNode('second'));
  await clock.advance(5_000);
  const spec = { taints: [GOING] };
  await client.patch(nodes, 'second', 'merge', { spec }, { signal: stop.signal });
  const before = on('second').map(({ metadata }) => metadata?.uid);
  await client.patch(replicaSets, 'web', 'merge', { spec: { replicas: 5 } }, { namespace: 'default', signal: stop.signal });
  await clock.advance(60_000);
  // The taint keeps pods away and ends none: those that are there are the autoscaler's to drain.
  expect(on('second').map(({ metadata }) => metadata?.uid)).toEqual(before);
  const [first] = waiting();
  expect(first && scheduled(first)?.message).toContain('1 node(s) had untolerated taint(s)');
  cluster.seed(nodes, fakeNode('third'));
  await client.delete(nodes, 'second', { signal: stop.signal });
  await clock.advance(180_000);
  expect(cluster.all(pods).filter(({ metadata }) => before.includes(metadata?.uid))).toEqual([]);
  expect([on('first').length, on('third').length, waiting().length]).toEqual([2, 2, 1]);
  for (const { metadata } of cluster.all(pods)) expect(metadata?.annotations).toEqual({ [SAFE_TO_EVICT]: 'false' });
});
