import { describe, expect, it } from 'vitest';
import { nodes, pods } from '../api/index.ts';
import { ApiError } from '../api/meta/status.ts';
import type { Pod, PodSpec } from '../api/schema/generated/types.ts';
import type { ApiRequest } from '../api/transport.ts';
import { runScheduler } from './fake-run.ts';
import { fakeNode, fakePod } from './fake-scheduler.ts';
import { fixed } from './framework/definition.ts';
import type { SchedulerPlugin } from './framework/plugin.ts';
import { refusal } from './framework/refusal.ts';
import type { WaitingPods } from './framework/waiting-pods.ts';
import { pluginRegistry } from './plugin-registry.ts';

const isBinding = ({ subresource }: ApiRequest) => subresource === 'binding';

function start({ document, plugins = pluginRegistry }: { document?: unknown; plugins?: typeof pluginRegistry } = {}) {
  const events: string[] = [];
  const running = runScheduler({
    document,
    plugins,
    event: (about, _type, reason, message) => void events.push(`${reason} ${about.metadata?.name}: ${message}`),
  });
  const { cluster } = running;
  const add = (name: string, spec: Partial<PodSpec> = {}, requests?: Record<string, string>) =>
    cluster.seed(pods, fakePod(spec, requests, { name, namespace: 'default' }));
  return {
    ...running,
    events,
    add,
    node: (name: string) => cluster.seed(nodes, fakeNode(name)),
    pod: (name: string) => cluster.find(pods, `default/${name}`) as Pod,
    binds: () => cluster.writes.filter((write) => write.includes('binding')).length,
  };
}

describe('the scheduler', () => {
  it('binds pods and says so', async () => {
    await using s = start();
    s.node('n');
    s.add('a');
    await s.clock.advance(0);
    expect(s.nodeOf('a')).toBe('n');
    expect(s.events).toEqual(['Scheduled a: Successfully assigned default/a to n']);
  });

  it('says on a pod why it waits, once, and binds it when a node comes', async () => {
    await using s = start();
    s.add('a', {}, { cpu: '1' });
    await s.clock.advance(0);
    expect(s.pod('a').status?.conditions).toEqual([
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: 'no nodes available to schedule pods',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
    await s.clock.advance(60_000);
    expect(s.cluster.writes).toEqual(['patch pods/status default/a']);
    s.node('n');
    await s.clock.advance(0);
    expect(s.nodeOf('a')).toBe('n');
  });

  it('leaves pods of other schedulers, with gates, with a node, and those that are being deleted alone', async () => {
    await using s = start();
    s.node('n');
    s.add('other', { schedulerName: 'mine' });
    s.add('gated', { schedulingGates: [{ name: 'g' }] });
    s.add('placed', { nodeName: 'elsewhere' });
    s.cluster.seed(pods, { ...fakePod({}, undefined, { name: 'going', namespace: 'default', deletionTimestamp: '2026-01-01T00:00:00Z' }) });
    await s.clock.advance(600_000);
    expect(s.cluster.writes).toEqual([]);
  });

  it('counts what it has decided before the API says so', async () => {
    await using s = start();
    s.node('n');
    s.cluster.history.hold();
    s.cluster.history.release();
    await s.clock.advance(0);
    for (const name of ['a', 'b', 'c']) s.add(name, {}, { cpu: '1' });
    await s.clock.advance(0);
    expect(['a', 'b', 'c'].map(s.nodeOf)).toEqual(['n', 'n', undefined]);
    expect(s.events.filter((e) => e.startsWith('Failed'))).toEqual([
      'FailedScheduling c: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    ]);
  });

  it('tries a pod again after its back-off when binding failed, and gives the room free meanwhile', async () => {
    await using s = start();
    s.node('n');
    let failures = 1;
    s.cluster.intercept = (request) => {
      if (isBinding(request) && failures-- > 0) throw new ApiError('InternalError', 'no luck');
    };
    s.add('a', {}, { cpu: '2' });
    await s.clock.advance(0);
    expect([s.nodeOf('a'), s.pod('a').status?.conditions?.[0]?.reason]).toEqual([undefined, 'SchedulerError']);
    s.add('b', {}, { cpu: '2' });
    await s.clock.advance(0);
    expect(s.nodeOf('b')).toBe('n');
    await s.cluster.client.delete(pods, 'b', {
      namespace: 'default',
      delete: { gracePeriodSeconds: 0 },
      signal: AbortSignal.timeout(1000),
    });
    await s.clock.advance(1000);
    expect(s.nodeOf('a')).toBe('n');
  });

  it('keeps counting a pod whose binding was done although the answer was lost', async () => {
    await using s = start();
    s.node('n');
    s.cluster.intercept = async (request) => {
      if (!isBinding(request)) return;
      s.cluster.intercept = () => {};
      await s.cluster.request(request, { signal: AbortSignal.timeout(1000) });
      throw new ApiError('InternalError', 'the answer was lost');
    };
    s.add('a', {}, { cpu: '2' });
    await s.clock.advance(0);
    s.add('b', {}, { cpu: '1' });
    await s.clock.advance(600_000);
    expect([s.nodeOf('a'), s.nodeOf('b'), s.binds()]).toEqual(['n', undefined, 2]);
  });

  it('gives the room of a pod free that is deleted while it is bound', async () => {
    await using s = start();
    s.node('n');
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    s.cluster.intercept = (request) => (isBinding(request) && request.name === 'a' ? held : undefined);
    s.add('a', {}, { cpu: '2' });
    await s.clock.advance(0);
    await s.cluster.client.delete(pods, 'a', { namespace: 'default', signal: AbortSignal.timeout(1000) });
    s.add('b', {}, { cpu: '2' });
    await s.clock.advance(1000);
    expect(s.nodeOf('b')).toBe('n');
    release();
    await s.clock.advance(600_000);
    expect(s.cluster.all(pods).map((p) => [p.metadata?.name, p.spec?.nodeName])).toEqual([['b', 'n']]);
  });

  it('frees a node when a pod on it ends, and retries those that waited for room', async () => {
    await using s = start();
    s.node('n');
    s.add('a', {}, { cpu: '2' });
    await s.clock.advance(0);
    s.add('b', {}, { cpu: '2' });
    await s.clock.advance(0);
    expect(s.nodeOf('b')).toBeUndefined();
    s.cluster.seed(pods, { ...s.pod('a'), status: { phase: 'Succeeded' } });
    await s.clock.advance(1000);
    expect(s.nodeOf('b')).toBe('n');
  });

  it('gives each pod the profile that it names', async () => {
    const named = (schedulerName: string, enabled: string) => ({
      schedulerName,
      pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: enabled } } }],
    });
    const profiles = [named('default-scheduler', 'LeastAllocated'), named('packing', 'MostAllocated')];
    await using s = start({ document: { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles } });
    for (const name of ['n', 'm']) s.node(name);
    await s.clock.advance(0);
    s.add('first', {}, { cpu: '500m', memory: '1Gi' });
    await s.clock.advance(0);
    s.add('packed', { schedulerName: 'packing' }, { cpu: '100m', memory: '200Mi' });
    s.add('spread', {}, { cpu: '100m', memory: '200Mi' });
    await s.clock.advance(0);
    expect(s.nodeOf('packed')).toBe(s.nodeOf('first'));
    expect(s.nodeOf('spread')).not.toBe(s.nodeOf('first'));
  });
});

describe('preemption', () => {
  const low = { priority: 1 };
  const high = { priority: 1000, schedulerName: 'default-scheduler' };
  const stay = { status: { phase: 'Running', startTime: '2026-01-01T00:00:00Z' } };

  it('asks the less important to leave, waits for them, and takes their place', async () => {
    await using s = start();
    s.node('n');
    s.add('victim', low, { cpu: '2' });
    await s.clock.advance(0);
    s.cluster.seed(pods, { ...s.pod('victim'), ...stay });
    s.add('vip', high, { cpu: '2' });
    await s.clock.advance(0);
    expect(s.pod('victim')).toMatchObject({
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      status: {
        conditions: [
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'PreemptionByScheduler',
            message: 'default-scheduler: preempting to accommodate a higher priority pod',
          },
        ],
      },
    });
    expect(s.events.slice(-2).sort()).toEqual([
      'FailedScheduling vip: 0/1 nodes are available: 1 Insufficient cpu.',
      `Preempted victim: Preempted by pod ${s.pod('vip').metadata?.uid} on node n`,
    ]);
    expect(s.pod('vip').status?.nominatedNodeName).toBe('n');
    const writes = s.cluster.writes.length;
    await s.clock.advance(20_000);
    expect(s.cluster.writes.length).toBe(writes);
    await s.cluster.client.delete(pods, 'victim', {
      namespace: 'default',
      delete: { gracePeriodSeconds: 0 },
      signal: AbortSignal.timeout(1000),
    });
    await s.clock.advance(0);
    expect(s.nodeOf('vip')).toBe('n');
  });

  it('does not give the room to others meanwhile', async () => {
    await using s = start();
    s.node('n');
    s.add('victim', low, { cpu: '2' });
    await s.clock.advance(0);
    s.cluster.seed(pods, { ...s.pod('victim'), ...stay });
    s.add('vip', high, { cpu: '1500m' });
    await s.clock.advance(0);
    s.add('other', low, { cpu: '1' });
    s.add('small', low, { cpu: '500m' });
    await s.cluster.client.delete(pods, 'victim', {
      namespace: 'default',
      delete: { gracePeriodSeconds: 0 },
      signal: AbortSignal.timeout(1000),
    });
    await s.clock.advance(20_000);
    expect(['vip', 'other', 'small'].map(s.nodeOf)).toEqual(['n', undefined, 'n']);
  });

  it('is not for pods whose policy is Never, nor for equals', async () => {
    await using s = start();
    s.node('n');
    s.add('there', high, { cpu: '2' });
    await s.clock.advance(0);
    s.add('polite', { priority: 2000, preemptionPolicy: 'Never' }, { cpu: '2' });
    s.add('equal', high, { cpu: '2' });
    await s.clock.advance(0);
    expect(s.pod('there').metadata?.deletionTimestamp).toBeUndefined();
    expect(['polite', 'equal'].map((name) => s.pod(name).status?.conditions?.[0]?.message)).toEqual([
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    ]);
  });

  it('says when it would not help', async () => {
    await using s = start();
    s.cluster.seed(nodes, fakeNode('n', {}, { spec: { unschedulable: true } }));
    s.add('vip', high);
    await s.clock.advance(0);
    expect(s.pod('vip').status?.conditions?.[0]?.message).toBe(
      '0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
  });

  it('is tried again when a victim could not be evicted', async () => {
    await using s = start();
    s.node('n');
    s.add('victim', low, { cpu: '2' });
    await s.clock.advance(0);
    s.cluster.seed(pods, { ...s.pod('victim'), ...stay });
    let failures = 1;
    s.cluster.intercept = ({ verb, name }) => {
      if (verb === 'delete' && name === 'victim' && failures-- > 0) throw new ApiError('InternalError', 'no luck');
    };
    s.add('vip', high, { cpu: '2' });
    await s.clock.advance(20_000);
    expect(s.pod('victim').metadata?.deletionTimestamp).toBeDefined();
  });
});

describe('extension points', () => {
  it('run in order, and undo in the opposite order what a later one refused', async () => {
    const calls: string[] = [];
    const recording = (name: string, more: Partial<SchedulerPlugin> = {}): SchedulerPlugin => ({
      name,
      events: [],
      reserve: () => void calls.push(`reserve ${name}`) as undefined,
      unreserve: () => void calls.push(`unreserve ${name}`),
      ...more,
    });
    const refusing = recording('Second', {
      preBind: async () => {
        calls.push('preBind Second');
        return calls.length < 6 ? refusal('Second', 'Unschedulable', 'not yet') : undefined;
      },
      postBind: () => void calls.push('postBind Second'),
    });
    await using s = start({ plugins: [...pluginRegistry, fixed(recording('First')), fixed(refusing)] });
    s.node('n');
    s.add('a');
    await s.clock.advance(0);
    expect(calls).toEqual(['reserve First', 'reserve Second', 'preBind Second', 'unreserve Second', 'unreserve First']);
    expect(s.pod('a').status?.conditions?.[0]?.message).toBe('0/1 nodes are available: 1 not yet.');
    await s.clock.advance(1000);
    expect(calls.slice(5)).toEqual(['reserve First', 'reserve Second', 'preBind Second', 'postBind Second']);
    expect(s.nodeOf('a')).toBe('n');
  });

  it('hold a pod up until a permit plugin allows it, or its time is over', async () => {
    let waiting: WaitingPods | undefined;
    const plugin = {
      name: 'Gang',
      configure: () => (handle: { waiting: WaitingPods }) => {
        waiting = handle.waiting;
        return { name: 'Gang', permit: () => ({ waitMs: 5000 }) } satisfies SchedulerPlugin;
      },
    };
    await using s = start({ plugins: [...pluginRegistry, plugin] });
    s.node('n');
    s.add('a');
    await s.clock.advance(1000);
    expect(s.nodeOf('a')).toBeUndefined();
    for (const pod of waiting?.all() ?? []) pod.allow('Gang');
    await s.clock.advance(0);
    expect(s.nodeOf('a')).toBe('n');
    s.add('b');
    await s.clock.advance(0);
    // Whoever adds and removes nodes sees where it is going to be.
    expect(s.pod('b').status?.nominatedNodeName).toBe('n');
    await s.clock.advance(5000);
    expect(s.pod('b').status?.nominatedNodeName).toBeUndefined();
    expect(s.pod('b').status?.conditions?.[0]?.message).toBe(
      '0/1 nodes are available: 1 rejected due to timeout after waiting 5s at plugin Gang.',
    );
  });
});

it('keeps a pod that needs a feature of its node for nodes that declare it, and looks again when one does', async () => {
  await using s = start();
  s.node('n');
  const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [7] } }];
  s.add('a', { containers: [{ name: 'c', image: 'i', restartPolicy: 'Never', restartPolicyRules }] });
  s.add('b');
  await s.clock.advance(0);
  expect([s.nodeOf('a'), s.nodeOf('b')]).toEqual([undefined, 'n']);
  expect(s.events.find((event) => event.startsWith('FailedScheduling a'))).toContain(
    "0/1 nodes are available: 1 node(s) didn't match Pod's required features.",
  );
  const node = s.cluster.find(nodes, 'n');
  s.cluster.seed(nodes, { ...node, status: { ...node?.status, declaredFeatures: ['RestartAllContainersOnContainerExits'] } });
  await s.clock.advance(10_000);
  expect(s.nodeOf('a')).toBe('n');
});
