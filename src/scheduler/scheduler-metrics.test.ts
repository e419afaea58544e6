import { expect, it } from 'vitest';
import { nodes, pods } from '../api/index.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { fakeCluster } from '../client/fake-client.ts';
import { createInformers } from '../client/informer.ts';
import { fakeNode, fakePod } from './fake-scheduler.ts';
import { Action } from './framework/cluster-event.ts';
import { createScheduler } from './scheduler.ts';
import { eventName, type SchedulerMetrics, type SchedulerState } from './scheduler-metrics.ts';

it('tells of every attempt, of what comes into the queue and of what waits in it', async () => {
  const told: string[] = [];
  const points = new Set<string>();
  let state: (() => SchedulerState) | undefined;
  const metrics: SchedulerMetrics = {
    attempted: (result, profile) => void told.push(`${result} by ${profile}`),
    decided: () => void told.push('decided'),
    permitted: (result) => void told.push(`permitted ${result}`),
    scheduled: (attempts) => void told.push(`scheduled after ${attempts}`),
    incoming: (place, event) => void told.push(`${place} ${event}`),
    preempted: (victims) => void told.push(`victims ${victims}`),
    extensionPoint: (point, status) => void points.add(`${point} ${status}`),
    shows(shown) {
      state = shown;
    },
  };
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const stop = new AbortController();
  const informers = createInformers({ client: cluster.client, clock, log: silentLogger, random: () => 0 });
  const scheduler = createScheduler({ client: cluster.client, informers, event() {}, clock, random: () => 0, log: silentLogger, metrics });
  const run = Promise.all([informers, scheduler].map((each) => each.run({ signal: stop.signal, ready() {} })));
  const add = (name: string, cpu: string, spec = {}) => cluster.seed(pods, fakePod(spec, { cpu }, { name, namespace: 'default' }));
  cluster.seed(nodes, fakeNode('n'));
  add('a', '1');
  add('b', '2');
  add('gated', '1', { schedulingGates: [{ name: 'g' }] });
  await clock.advance(0);
  expect(told.toSorted()).toEqual(
    [
      ...['active UnschedulablePodAdd', 'active UnschedulablePodAdd', 'unschedulable UnschedulablePodAdd'],
      ...['decided', 'scheduled by default-scheduler', 'scheduled after 1'],
      ...['victims undefined', 'unschedulable by default-scheduler', 'unschedulable ScheduleAttemptFailure'],
    ].toSorted(),
  );
  expect(state?.()).toEqual({
    pending: { active: 0, backoff: 0, unschedulable: 1, gated: 1 },
    refused: expect.arrayContaining([
      { plugin: 'NodeResourcesFit', profile: 'default-scheduler', pods: 1 },
      { plugin: 'SchedulingGates', profile: 'default-scheduler', pods: 1 },
    ]),
    bindings: 0,
    cached: { nodes: 1, pods: 1, assumed: 0 },
    evaluated: expect.arrayContaining([
      { plugin: 'NodeUnschedulable', point: 'Filter', profile: 'default-scheduler', count: 2 },
      { plugin: 'NodeResourcesFit', point: 'Filter', profile: 'default-scheduler', count: expect.any(Number) },
    ]),
  });
  told.length = 0;
  cluster.seed(nodes, fakeNode('m'));
  await clock.advance(10_000);
  expect(told).toContain('backoff NodeAdd');
  expect(told).toContain('scheduled after 2');
  for (let i = 0; i < 10; i += 1) add(`more-${i}`, '10m');
  await clock.advance(0);
  expect([...points].toSorted()).toEqual(
    expect.arrayContaining(['Filter Success', 'Permit Success', 'PostBind Success', 'PreFilter Success', 'Reserve Success']),
  );
  stop.abort();
  await run;
});

it.each([
  ['nodes', Action.add, 'NodeAdd'],
  ['nodes', Action.nodeTaints | Action.nodeLabels, 'NodeUpdateNodeLabel'],
  ['pods/assigned', Action.delete, 'AssignedPodDelete'],
  ['pods/unscheduled', Action.podGatesGone, 'UnschedulablePodUpdatePodSchedulingGatesEliminated'],
  ['persistentvolumeclaims', Action.update, 'PersistentVolumeClaimUpdate'],
  ['storageclasses.storage.k8s.io', Action.add, 'storage.k8s.io/StorageClassAdd'],
])('an event of %s (%i) is called %s', (resource, actions, name) => expect(eventName({ resource, actions })).toBe(name));
