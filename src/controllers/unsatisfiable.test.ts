import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  cronJobs,
  daemonSets,
  deployments,
  events,
  jobs,
  namespaces,
  nodes,
  pods,
  registry,
  replicaSets,
  replicationControllers,
  secrets,
  services,
  statefulSets,
} from '../api/index.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { ApiError } from '../api/meta/status.ts';
import { podDisruptionBudgets } from '../api/policy/pod-disruption-budget.ts';
import { rfc3339 } from '../base/clock.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { fakeCluster } from '../client/fake-client.ts';
import { startControllers } from '../client/fake-controllers.ts';
import { controllers } from './index.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const labels = { app: 'x' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const workload = { replicas: 2, selector: { matchLabels: labels }, template };
const jobTemplate = { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } };
const REFUSED = 'exceeded quota: tight, requested: pods=1, used: pods=0, limited: pods=0';

/** All controllers on a fake cluster whose API refuses every pod. */
function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const none = () => Promise.reject(new Error('none'));
  const list = controllers({
    registry,
    signer: { describeCsr: none, signCsr: none },
    issueToken: async () => 'token',
    podRanges: [{ cidr: '10.42.0.0/16', nodeBits: 24 }],
    caPem: 'CA',
  });
  cluster.seed(namespaces, { metadata: { name: 'n' } });
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(clock.now()) }];
  cluster.seed(nodes, { metadata: { name: 'a' }, spec: {}, status: { conditions } });
  cluster.intercept = ({ verb, resource, subresource }) => {
    if (verb === 'create' && resource === 'pods' && !subresource) throw new ApiError('Forbidden', `pods is forbidden: ${REFUSED}`);
  };
  startControllers(list, { client: cluster.client, clock, signal: stop.signal });
  /** A node that never speaks again is another matter. */
  const live = async (minutes: number) => {
    for (let i = 0; i < minutes * 2; i += 1) {
      const node = cluster.find(nodes, 'a');
      const heartbeat = [{ type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(clock.now()) }];
      cluster.seed(nodes, { ...node, status: { ...node?.status, conditions: heartbeat } });
      await clock.advance(30_000);
    }
  };
  const writes = () => cluster.writes.filter((write) => !write.includes(' events '));
  const reasons = (object: KubeObject | undefined) =>
    cluster.all(events).flatMap((e) => (e.involvedObject?.uid === object?.metadata?.uid ? [`${e.type} ${e.reason}`] : []));
  return { clock, cluster, live, writes, reasons };
}

/** Each says on itself, or by an event, why nothing comes of it. `condition`: of its status. */
const cases = [
  { resource: deployments, spec: { ...workload, progressDeadlineSeconds: 600 }, condition: 'ReplicaFailure FailedCreate' },
  { resource: replicaSets, spec: workload, condition: 'ReplicaFailure FailedCreate', event: 'Warning FailedCreate' },
  {
    resource: replicationControllers,
    spec: { ...workload, selector: labels },
    condition: 'ReplicaFailure FailedCreate',
    event: 'Warning FailedCreate',
  },
  { resource: statefulSets, spec: { ...workload, serviceName: 's' }, event: 'Warning FailedCreate' },
  { resource: daemonSets, spec: { selector: workload.selector, template }, event: 'Warning FailedCreate' },
  { resource: jobs, spec: { ...jobTemplate.spec, selector: workload.selector }, event: 'Warning FailedCreate' },
  { resource: cronJobs, spec: { schedule: 'sometimes', jobTemplate }, event: 'Warning UnparseableSchedule' },
  { resource: cronJobs, spec: { schedule: '* * * * *', timeZone: 'Mars/Base', jobTemplate }, event: 'Warning UnknownTimeZone' },
  {
    resource: podDisruptionBudgets,
    spec: { minAvailable: '50%', selector: workload.selector },
    event: 'Normal NoPods',
    condition: 'DisruptionAllowed InsufficientPods',
  },
] as const;

test.each(cases)(
  '$resource.kind that cannot be satisfied says why and is tried ever less often: $event $condition',
  async ({ resource, spec, ...said }) => {
    const { cluster, live, writes, reasons } = start();
    await live(1);
    const options = { namespace: 'n', signal: stop.signal };
    const object = await cluster.client.create(
      resource as typeof deployments,
      { metadata: { name: 'x', namespace: 'n' }, spec } as never,
      options,
    );
    await live(40);
    const conditions = (cluster.find(resource as typeof deployments, 'n/x')?.status?.conditions ?? []).map((c) => `${c.type} ${c.reason}`);
    if ('condition' in said) expect(conditions).toContain(said.condition);
    if ('event' in said) expect(reasons(object)).toContain(said.event);
    const before = writes().length;
    await live(30);
    const attempts = writes().slice(before);
    // Creating is tried again after a quarter of an hour at the longest; nothing else is written.
    expect(attempts.filter((write) => !write.startsWith('create pods'))).toEqual([]);
    expect(attempts.length).toBeLessThanOrEqual(4);
  },
);

test('what waits for others writes nothing while it waits', async () => {
  const { cluster, live, writes } = start();
  cluster.intercept = () => {};
  cluster.seed(services, {
    metadata: { name: 's', namespace: 'n' },
    spec: { selector: { app: 'none' }, ports: [{ port: 80 }], ipFamilies: ['IPv4'] },
  });
  cluster.seed(secrets, { metadata: { name: 't', namespace: 'n' }, type: 'kubernetes.io/service-account-token' });
  cluster.seed(pods, { metadata: { name: 'pending', namespace: 'n' }, spec: { containers: [] }, status: { phase: 'Pending' } });
  const going = { deletionTimestamp: rfc3339(0), finalizers: ['example.com/wait'] };
  cluster.seed(deployments, { metadata: { name: 'going', namespace: 'n', ...going }, spec: { ...workload, replicas: 0 } });
  await live(5);
  const before = writes().length;
  await live(60);
  expect(writes().slice(before)).toEqual([]);
});

test('a namespace that somebody holds up says so once', async () => {
  const { cluster, live, writes } = start();
  cluster.seed(secrets, { metadata: { name: 'held', namespace: 'n', finalizers: ['example.com/wait'] } });
  await live(1);
  const status = { phase: 'Terminating' };
  cluster.seed(namespaces, { metadata: { name: 'n', deletionTimestamp: rfc3339(0) }, spec: { finalizers: ['kubernetes'] }, status });
  await live(5);
  const remaining = cluster.find(namespaces, 'n')?.status?.conditions?.find((c) => c.type === 'NamespaceContentRemaining');
  expect(remaining?.message).toBe('Some resources are remaining: secrets. has 1 resource instances');
  const before = writes().length;
  await live(30);
  expect(writes().slice(before)).toEqual([]);
});
