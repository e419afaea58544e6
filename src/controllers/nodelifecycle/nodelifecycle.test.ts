import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { events, leases, nodes, pods } from '../../api/index.ts';
import type { Node } from '../../api/schema/generated/types.ts';
import { rfc3339, rfc3339Micro } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { nodeLifecycle } from './nodelifecycle.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const NAMESPACE = 'kube-node-lease';

/** Nodes that renew their leases every 10 s while they are in `alive`; a pod on each. */
function start(names: readonly string[], { zone = () => 'z' }: { zone?: (name: string) => string } = {}) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const alive = new Set(names);
  let skewMs = 0;
  const { signal } = stop;
  for (const name of names) {
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(clock.now()) }];
    cluster.seed(nodes, { metadata: { name, labels: { 'topology.kubernetes.io/zone': zone(name) } }, spec: {}, status: { conditions } });
    const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    cluster.seed(pods, { metadata: { name: `p-${name}`, namespace: 'n' }, spec: { nodeName: name, containers: [] }, status: ready });
  }
  const renew = () => {
    const renewTime = rfc3339Micro(clock.now() + skewMs);
    for (const name of alive) {
      const lease = cluster.find(leases, `${NAMESPACE}/${name}`);
      cluster.seed(leases, { metadata: lease?.metadata ?? { name, namespace: NAMESPACE }, spec: { renewTime } });
    }
  };
  const live = async (seconds: number) => {
    for (let i = 0; i < seconds / 10; i += 1) {
      renew();
      await clock.advance(10_000);
    }
  };
  const revive = async (name: string) => {
    alive.add(name);
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(clock.now()) }];
    await cluster.client.patch(nodes, name, 'strategic', { status: { conditions } }, { subresource: 'status', signal });
  };
  const run = () => startControllers(nodeLifecycle(), { client: cluster.client, clock, signal });
  const node = (name: string) => cluster.find(nodes, name) as Node;
  return {
    clock,
    cluster,
    alive,
    live,
    revive,
    run,
    node,
    setSkew: (ms: number) => {
      skewMs = ms;
    },
    ready: (name: string) => node(name).status?.conditions?.find((c) => c.type === 'Ready')?.status,
    taints: (name: string) => (node(name).spec?.taints ?? []).map((t) => `${t.key?.split('/')[1]}:${t.effect}`),
    evicting: () => cluster.all(nodes).filter((n) => n.spec?.taints?.some((t) => t.effect === 'NoExecute')).length,
    said: () => cluster.all(events).map((e) => `${e.source?.component} ${e.type} ${e.reason} ${e.involvedObject?.name}: ${e.message}`),
  };
}

describe('a node that falls silent', () => {
  it('is unknown after 50 s, its pods are not ready, and its taints keep pods away and end them', async () => {
    const { alive, live, cluster, run, ready, taints, said } = start(['a', 'b']);
    run();
    await live(60);
    alive.delete('a');
    await live(40);
    expect(ready('a')).toBe('True');
    await live(30);
    expect([ready('a'), ready('b')]).toEqual(['Unknown', 'True']);
    expect(taints('a').sort()).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
    expect(cluster.find(pods, 'n/p-a')?.status?.conditions?.[0]?.status).toBe('False');
    expect(cluster.find(pods, 'n/p-b')?.status?.conditions?.[0]?.status).toBe('True');
    expect(said()).toEqual([
      'node-controller Normal RegisteredNode a: Node a event: Registered Node a in Controller',
      'node-controller Normal RegisteredNode b: Node b event: Registered Node b in Controller',
      'node-controller Normal NodeNotReady a: Node a status is now: NodeNotReady',
      'node-controller Warning NodeNotReady p-a: Node is not ready',
    ]);
  });

  it('loses its taints when it speaks again', async () => {
    const { alive, live, run, revive, taints } = start(['a', 'b']);
    run();
    alive.delete('a');
    await live(120);
    expect(taints('a').length).toBe(2);
    await revive('a');
    await live(10);
    expect(taints('a')).toEqual([]);
  });

  it('is taken to be well for as long after a restart of the server, however old its lease is', async () => {
    const { clock, live, run, ready } = start(['a', 'b']);
    await clock.advance(3_600_000);
    run();
    await clock.advance(45_000);
    expect(ready('a')).toBe('True');
    await live(120);
    expect([ready('a'), ready('b')]).toEqual(['True', 'True']);
  });

  it('is known by its renewals, not by its clock', async () => {
    const { live, run, ready, setSkew } = start(['a', 'b']);
    run();
    for (const skewMs of [-86_400_000, 86_400_000, 0]) {
      setSkew(skewMs);
      await live(120);
      expect([ready('a'), ready('b')]).toEqual(['True', 'True']);
    }
  });

  it('that never spoke has 60 s from when it came', async () => {
    const { clock, live, cluster, run, ready } = start(['a']);
    run();
    cluster.seed(nodes, { metadata: { name: 'new' }, spec: {} });
    await live(50);
    expect(ready('new')).toBeUndefined();
    await live(20);
    expect(ready('new')).toBe('Unknown');
    expect(clock.pending).toBeGreaterThan(0);
  });

  it('is not written again while it stays silent', async () => {
    const { alive, live, cluster, run } = start(['a', 'b']);
    run();
    alive.delete('a');
    await live(120);
    const writes = cluster.writes.length;
    await live(600);
    expect(cluster.writes.length).toBe(writes);
  });
});

describe('pods of nodes that are not ready', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `n${String(i).padStart(3, '0')}`);

  it('are moved one node every 10 s', async () => {
    const all = names(20);
    const { alive, live, run, evicting } = start(all);
    run();
    await live(20);
    for (const name of all.slice(0, 5)) alive.delete(name);
    await live(50);
    const counts: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      await live(10);
      counts.push(evicting());
    }
    expect(counts).toEqual([2, 3, 4, 5, 5, 5]);
  });

  it('stay while most nodes of a small zone are not ready', async () => {
    const all = names(10);
    const { alive, live, run, evicting, ready, revive } = start(all, { zone: (name) => (name < 'n007' ? 'bad' : 'good') });
    run();
    await live(20);
    for (const name of all.slice(0, 5)) alive.delete(name);
    await live(300);
    expect(ready('n000')).toBe('Unknown');
    // The first may get its taint before the others are known to be silent.
    expect(evicting()).toBeLessThanOrEqual(1);
    await revive('n000');
    await revive('n001');
    await live(60);
    expect(evicting()).toBe(3);
  });

  it('stay when no node is ready: the server may be the one that hears nothing', async () => {
    const { alive, live, run, evicting, ready, revive } = start(names(3));
    run();
    await live(20);
    for (const name of names(3)) alive.delete(name);
    await live(600);
    expect([ready('n000'), evicting()]).toEqual(['Unknown', 0]);
    await revive('n000');
    await live(30);
    expect(evicting()).toBe(2);
  });
});

it('a pod that is put on a silent node is not ready', async () => {
  const { alive, live, cluster, run } = start(['a', 'b']);
  run();
  alive.delete('a');
  await live(70);
  const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  cluster.seed(pods, { metadata: { name: 'late', namespace: 'n' }, spec: { nodeName: 'a', containers: [] }, status: ready });
  await live(10);
  expect(cluster.find(pods, 'n/late')?.status?.conditions?.[0]?.status).toBe('False');
});

it('the removal of a node is told', async () => {
  const { cluster, live, run, said } = start(['a', 'b']);
  run();
  await live(10);
  await cluster.client.delete(nodes, 'a', { signal: stop.signal });
  await live(10);
  expect(said().at(-1)).toBe('node-controller Normal RemovingNode a: Node a event: Removing Node a from Controller');
});
