import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodes, pods } from '../../api/index.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { podgc } from './podgc.ts';
import { surplus } from './podgc-plan.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const GOING = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 };
const pod = (name: string, nodeName?: string, metadata: Pod['metadata'] = {}, phase = 'Running'): Pod => ({
  metadata: { name, namespace: 'n', ...metadata },
  spec: { nodeName, containers: [] },
  status: { phase },
});
const node = (name: string, ready: string, spec: Node['spec'] = {}): Node => ({
  metadata: { name },
  spec,
  status: { conditions: [{ type: 'Ready', status: ready }] },
});

function start({ maxEndedPods }: { maxEndedPods?: number } = {}) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const names = () => cluster.all(pods).map((p) => p.metadata?.name);
  const run = () => startControllers([podgc({ maxEndedPods })], { client: cluster.client, clock, signal: stop.signal });
  return { clock, cluster, names, run };
}

describe('too many ended pods', () => {
  it('lose the evicted and the oldest', () => {
    const ended = [3, 1, 2].map((day) => ({ metadata: { name: `p${day}`, creationTimestamp: `2026-01-0${day}T00:00:00Z` } }));
    expect(surplus(ended, 1).map((p) => p.metadata?.name)).toEqual(['p1', 'p2']);
    expect(surplus(ended, 3)).toEqual([]);
    const evicted = { metadata: { name: 'e', creationTimestamp: '2026-01-09T00:00:00Z' }, status: { phase: 'Failed', reason: 'Evicted' } };
    expect(surplus([...ended, evicted], 3)).toEqual([evicted]);
  });

  it('are removed when they end, not one more', async () => {
    const { clock, cluster, names, run } = start({ maxEndedPods: 2 });
    cluster.seed(nodes, node('a', 'True'));
    for (const name of ['p1', 'p2', 'p3', 'p4']) cluster.seed(pods, pod(name, 'a', {}, 'Succeeded'));
    run();
    await clock.advance(1_000);
    expect(names()).toEqual(['p3', 'p4']);
    cluster.seed(pods, pod('p5', 'a', {}, 'Failed'));
    await clock.advance(20_000);
    expect(names()).toEqual(['p4', 'p5']);
  });
});

describe('a pod that nobody will end', () => {
  it('is removed when it was deleted before it had a node', async () => {
    const { clock, cluster, names, run } = start();
    cluster.seed(pods, pod('deleted', undefined, GOING, 'Pending'));
    cluster.seed(pods, pod('waiting', undefined, {}, 'Pending'));
    run();
    await clock.advance(1_000);
    expect(names()).toEqual(['waiting']);
  });

  it('is removed 40 s after its node went, and said to have failed of that', async () => {
    const { clock, cluster, names, run } = start();
    cluster.seed(nodes, node('a', 'True'));
    cluster.seed(pods, pod('p', 'a', { finalizers: ['batch.kubernetes.io/job-tracking'] }));
    run();
    await clock.advance(60_000);
    await cluster.client.delete(nodes, 'a', { signal: stop.signal });
    await clock.advance(39_000);
    expect(cluster.find(pods, 'n/p')?.status?.phase).toBe('Running');
    await clock.advance(2_000);
    const { status, metadata } = cluster.find(pods, 'n/p') ?? {};
    expect(metadata?.deletionTimestamp).toBeDefined();
    expect(status).toMatchObject({
      phase: 'Failed',
      conditions: [{ type: 'DisruptionTarget', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' }],
    });
    expect(names()).toEqual(['p']);
  });

  it('is not mistaken for one that has got its name meanwhile, and runs elsewhere', async () => {
    const { clock, cluster, run } = start();
    cluster.seed(nodes, node('b', 'True'));
    cluster.seed(pods, pod('db-0', 'gone', { uid: 'first' }));
    run();
    await clock.advance(1_000);
    cluster.history.hold();
    cluster.seed(pods, pod('db-0', 'b', { uid: 'second' }));
    await clock.advance(60_000);
    cluster.history.release();
    await clock.advance(60_000);
    const { metadata, status } = cluster.find(pods, 'n/db-0') ?? {};
    expect([metadata?.uid, metadata?.deletionTimestamp, status?.phase]).toEqual(['second', undefined, 'Running']);
  });

  it('stays when the node registers again in time', async () => {
    const { clock, cluster, names, run } = start();
    cluster.seed(nodes, node('a', 'True'));
    cluster.seed(pods, pod('p', 'a'));
    run();
    await cluster.client.delete(nodes, 'a', { signal: stop.signal });
    await clock.advance(30_000);
    cluster.seed(nodes, node('a', 'True'));
    await clock.advance(120_000);
    expect(names()).toEqual(['p']);
  });

  it('is removed from a node that is out of service, once it is being deleted and the node is not ready', async () => {
    const { clock, cluster, names, run } = start();
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute', value: 'nodeshutdown' }];
    cluster.seed(nodes, node('out', 'Unknown', { taints }));
    cluster.seed(nodes, node('back', 'True', { taints }));
    for (const name of ['out', 'back']) {
      cluster.seed(pods, pod(`${name}-going`, name, GOING));
      cluster.seed(pods, pod(`${name}-staying`, name));
    }
    run();
    await clock.advance(1_000);
    expect(names().sort()).toEqual(['back-going', 'back-staying', 'out-staying']);
    cluster.seed(nodes, { ...node('back', 'False', { taints }), metadata: cluster.find(nodes, 'back')?.metadata });
    await clock.advance(1_000);
    expect(names().sort()).toEqual(['back-staying', 'out-staying']);
  });
});
