import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { events, nodes, pods } from '../../api/index.ts';
import type { Pod, Taint, Toleration } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { taintEviction } from './taint-eviction.ts';
import { staysForMs } from './taint-eviction-plan.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const taint = (key: string): Taint => ({ key, effect: 'NoExecute' });
const tolerates = (key: string, tolerationSeconds?: number): Toleration => ({ key, operator: 'Exists', tolerationSeconds });
const pod = (name: string, ...tolerations: Toleration[]): Pod => ({
  metadata: { name, namespace: 'n' },
  spec: { nodeName: 'a', containers: [], tolerations },
  status: { phase: 'Running' },
});

describe('the time that a pod stays', () => {
  it('is none without a toleration, the shortest of those that match, or for ever', () => {
    expect(staysForMs(pod('p'), [taint('k')])).toBe(0);
    expect(staysForMs(pod('p', tolerates('k')), [taint('k')])).toBeUndefined();
    expect(staysForMs(pod('p', tolerates('k'), tolerates('l', 60)), [taint('k'), taint('l')])).toBe(60_000);
    expect(staysForMs(pod('p', tolerates('k', 300), tolerates('k', 90)), [taint('k')])).toBe(300_000);
    expect(staysForMs(pod('p', tolerates('k', -5)), [taint('k')])).toBe(0);
  });

  it('never grows with another taint', () => {
    const keys = fc.constantFrom('k', 'l', 'm');
    const toleration = fc.tuple(keys, fc.option(fc.nat(500), { nil: undefined })).map(([key, seconds]) => tolerates(key, seconds));
    fc.assert(
      fc.property(fc.array(toleration), fc.array(keys), keys, (tolerations, tainted, more) => {
        const stays = (taints: string[]) => staysForMs(pod('p', ...tolerations), taints.map(taint)) ?? Number.POSITIVE_INFINITY;
        expect(stays([...tainted, more])).toBeLessThanOrEqual(stays(tainted));
      }),
    );
  });
});

function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const names = () => cluster.all(pods).flatMap((p) => (p.metadata?.deletionTimestamp ? [] : [p.metadata?.name]));
  const messages = () => cluster.all(events).map((e) => `${e.source?.component} ${e.reason}: ${e.message}`);
  const setTaints = (...taints: Taint[]) => cluster.client.patch(nodes, 'a', 'merge', { spec: { taints } }, { signal: stop.signal });
  cluster.seed(nodes, { metadata: { name: 'a' }, spec: {} });
  const run = () => startControllers([taintEviction()], { client: cluster.client, clock, signal: stop.signal });
  return { clock, cluster, names, messages, setTaints, run };
}

describe('a taint with NoExecute', () => {
  it('ends pods when they no longer tolerate it, and says why on them', async () => {
    const { clock, cluster, names, messages, setTaints, run } = start();
    for (const p of [pod('none'), pod('some', tolerates('k', 60)), pod('ever', tolerates('k'))]) cluster.seed(pods, p);
    run();
    await clock.advance(1_000);
    await setTaints(taint('k'));
    await clock.advance(1_000);
    expect(names()).toEqual(['some', 'ever']);
    expect(cluster.find(pods, 'n/none')?.status?.conditions).toMatchObject([
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
      },
    ]);
    await clock.advance(60_000);
    expect(names()).toEqual(['ever']);
    expect(messages()).toEqual([
      'taint-eviction-controller TaintManagerEviction: Marking for deletion Pod n/none',
      'taint-eviction-controller TaintManagerEviction: Marking for deletion Pod n/some',
    ]);
  });

  it('does not end a pod that has got the name of one which it would have ended', async () => {
    const { clock, cluster, names, setTaints, run } = start();
    cluster.seed(pods, { ...pod('db-0'), metadata: { ...pod('db-0').metadata, uid: 'first' } });
    run();
    await clock.advance(1_000);
    cluster.intercept = ({ verb, subresource }) => {
      // As if it were deleted, and made again on another node, just before the eviction.
      if (verb !== 'patch' || subresource !== 'status') return;
      cluster.intercept = () => {};
      cluster.seed(pods, { ...pod('db-0'), metadata: { ...pod('db-0').metadata, uid: 'second' }, spec: { nodeName: 'b', containers: [] } });
    };
    await setTaints(taint('k'));
    await clock.advance(10_000);
    expect(names()).toEqual(['db-0']);
  });

  it('that goes in time spares them, and one that comes back gives them their whole time again', async () => {
    const { clock, cluster, names, messages, setTaints, run } = start();
    cluster.seed(pods, pod('some', tolerates('k', 60)));
    run();
    await setTaints(taint('k'));
    await clock.advance(50_000);
    await setTaints();
    await clock.advance(50_000);
    expect(messages()).toEqual(['taint-eviction-controller TaintManagerEviction: Cancelling deletion of Pod n/some']);
    await setTaints(taint('k'));
    await clock.advance(50_000);
    expect(names()).toEqual(['some']);
    await clock.advance(15_000);
    expect(names()).toEqual([]);
  });

  it('from before a restart gives pods their whole time from then', async () => {
    const { clock, cluster, names, setTaints, run } = start();
    cluster.seed(pods, pod('some', tolerates('k', 60)));
    await setTaints({ ...taint('k'), timeAdded: '2020-01-01T00:00:00Z' });
    run();
    await clock.advance(55_000);
    expect(names()).toEqual(['some']);
    await clock.advance(6_000);
    expect(names()).toEqual([]);
  });

  it('ends a pod that is put there later', async () => {
    const { clock, cluster, names, setTaints, run } = start();
    run();
    await setTaints(taint('k'));
    await clock.advance(1_000);
    cluster.seed(pods, pod('late'));
    await clock.advance(1_000);
    expect(names()).toEqual([]);
  });
});
